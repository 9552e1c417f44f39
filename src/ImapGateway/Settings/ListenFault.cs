using System.Net.Sockets;

namespace ImapGateway.Settings;

/// <summary>Explains in one line for the operator why the web server cannot listen.</summary>
internal static class ListenFault
{
    /// <param name="failure">The exception of the start of the host.</param>
    /// <param name="urls">The configured addresses, for failures that do not repeat them.</param>
    /// <returns>The explanation; null if the failure has another cause.</returns>
    public static string? Describe(Exception failure, string? urls) => failure switch
    {
        // A port in use, "localhost" with neither of its addresses free.
        IOException => $"ASPNETCORE_URLS: {failure.Message}",
        // No right to a port below 1024, an address of another machine.
        SocketException => $"ASPNETCORE_URLS: {urls} cannot be used: {failure.Message}",
        // No address at all, https without a certificate, a wrong Kestrel section.
        FormatException or InvalidOperationException or ArgumentException when OfServer(failure) => $"ASPNETCORE_URLS: {failure.Message.ReplaceLineEndings(" ")}",
        // A number that is no port.
        ArgumentOutOfRangeException { ParamName: "port" } => $"ASPNETCORE_URLS: {urls} has no port from 0 to 65535",
        _ => null,
    };

    /// <summary>True if the failure comes from Kestrel, or from the parser of addresses that it uses.</summary>
    private static bool OfServer(Exception failure) => failure.Source is "Microsoft.AspNetCore.Http" || failure.Source?.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) is true;
}
