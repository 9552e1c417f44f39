using System.Diagnostics.CodeAnalysis;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The mail server sends more than was asked for. The connection is of no use any more, and the next one is worth a pause.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Every flood has its own words.")]
public sealed class FloodException(string message) : ImapProtocolException(message)
{
    /// <summary>MailKit may have put it into an exception of its own.</summary>
    public static FloodException? In(Exception? exception)
    {
        while (exception is not (null or FloodException))
        {
            exception = exception.InnerException;
        }
        return (FloodException?)exception;
    }
}
