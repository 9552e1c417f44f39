using System.Diagnostics.CodeAnalysis;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The exception for a mail server that sends more than was requested. The connection is of no more use, and the next one is opened after a pause.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Every flood has its own words.")]
public sealed class FloodException(string message) : ImapProtocolException(message)
{
    /// <summary>Finds a flood in an exception. MailKit may have wrapped it in an exception of its own.</summary>
    public static FloodException? In(Exception? exception)
    {
        while (exception is not (null or FloodException))
        {
            exception = exception.InnerException;
        }
        return (FloodException?)exception;
    }
}
