using System.Net.Sockets;

namespace ImapGateway.Settings;

/// <summary>Why the web server cannot listen, in one line for the operator.</summary>
internal static class ListenFault
{
    /// <param name="failure">Of the start of the host.</param>
    /// <param name="urls">The configured addresses, for failures that do not repeat them.</param>
    /// <returns>Null if the failure is of something else.</returns>
    public static string? Describe(Exception failure, string? urls) => failure switch
    {
        // A port in use, "localhost" with neither of its addresses free.
        IOException => $"ASPNETCORE_URLS: {failure.Message}",
        // No right to a port below 1024, an address of another machine.
        SocketException => $"ASPNETCORE_URLS: {urls} cannot be used: {failure.Message}",
        // No address at all, https without a certificate, a wrong Kestrel section.
        FormatException or InvalidOperationException or ArgumentException when OfServer(failure) => $"ASPNETCORE_URLS: {failure.Message.ReplaceLineEndings(" ")}",
        // A port that is none.
        ArgumentOutOfRangeException { ParamName: "port" } => $"ASPNETCORE_URLS: {urls} has no port from 0 to 65535",
        _ => null,
    };

    /// <summary>Kestrel, or the parser of addresses that it uses.</summary>
    private static bool OfServer(Exception failure) => failure.Source is "Microsoft.AspNetCore.Http" || failure.Source?.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) is true;
}
