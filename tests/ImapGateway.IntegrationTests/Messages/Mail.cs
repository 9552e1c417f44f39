using System.Net;
using System.Text;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Messages as text, and answers as octets.</summary>
internal static class Mail
{
    /// <summary>Content of any length whose every octet tells where it stands, nearly.</summary>
    public static byte[] Content(int length, int seed = 1)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    public static string Base64(byte[] content) => Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\r\n");

    /// <summary>A text, and a file as part 2.</summary>
    public static byte[] WithFile(byte[] content, string type = "application/octet-stream", string disposition = "attachment; filename=\"data.bin\"", string encoding = "base64")
    {
        var encoded = encoding == "base64" ? Encoding.ASCII.GetBytes(Base64(content)) : content;
        return [.. Octets($"""
            Subject: with a file
            From: anna@example.org
            Message-ID: <{Guid.NewGuid():N}@example.org>
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="b"

            --b
            Content-Type: text/plain

            The text.
            --b
            Content-Type: {type}
            Content-Disposition: {disposition}
            Content-Transfer-Encoding: {encoding}


            """), .. encoded, .. Octets("\n--b--\n")];
    }

    public static byte[] Octets(string text) => Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));

    /// <summary>Stores a message and returns its id in the gateway.</summary>
    public static async Task<string> Deliver(this World world, ApiAccount account, byte[] message)
    {
        await world.Dovecot.Append(world.User, message);
        return (await account.Newest()).GetProperty("id").GetString()!;
    }

    public static async Task<OctetAnswer> Download(this HttpClient http, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        return await http.Send(request, headers);
    }

    public static async Task<OctetAnswer> Head(this HttpClient http, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(path, UriKind.Relative));
        return await http.Send(request, headers);
    }

    private static async Task<OctetAnswer> Send(this HttpClient http, HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request);
        var all = response.Headers.Concat(response.Content.Headers).Concat(response.Headers.NonValidated.Select(h => new KeyValuePair<string, IEnumerable<string>>(h.Key, h.Value)))
            .DistinctBy(header => header.Key).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new OctetAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(), all);
    }
}

internal sealed record OctetAnswer(HttpStatusCode Status, byte[] Octets, IReadOnlyDictionary<string, string> Headers)
{
    public string Text => Encoding.UTF8.GetString(Octets);

    public string? this[string header] => Headers.GetValueOrDefault(header);

    public OctetAnswer Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{(int)status} was expected, this came: {(int)Status} {Text[..Math.Min(Text.Length, 500)]}");
        return this;
    }
}
