using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A real Dovecot 2.3 in a directory of its own: any user, password <c>pass</c>; <see cref="TinyQuotaUser"/> may store 30 kB.</summary>
public sealed class DovecotServer : IMailServer
{
    public const string Password = "pass";
    public const string TinyQuotaUser = "tinyquota";
    private const string Program = "/usr/sbin/dovecot";

    private readonly TemporaryDirectory _directory = new();
    private readonly string _greeting = $"ig-{Guid.NewGuid():N}";
    private ChildProcess? _process;

    private DovecotServer(DovecotOptions options) => Options = options;

    public DovecotOptions Options { get; }

    public static string Host => "127.0.0.1";

    /// <summary>Plain, with STARTTLS unless <see cref="DovecotOptions.Tls"/> is off.</summary>
    public int Port { get; private set; }

    /// <summary>Implicit TLS, with <see cref="TestCertificate"/>.</summary>
    public int TlsPort { get; private set; }

    public int LmtpPort { get; private set; }

    /// <summary>What Dovecot wrote to its log.</summary>
    public string Log => File.Exists(_directory["dovecot.log"]) ? File.ReadAllText(_directory["dovecot.log"]) : "";

    public static async Task<DovecotServer> Start(DovecotOptions? options = null)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException("Dovecot is missing: ./dev test installs it (dovecot-imapd, dovecot-lmtpd).");
        }

        return await new DovecotServer(options ?? new DovecotOptions()).AfterAsync(async server =>
        {
            await server.Prepare();
            await Starting.OnFreePortsAsync(
                "Dovecot",
                async () =>
                {
                    await server.ChoosePorts();
                    return await server.TryStart();
                },
                () => server.Log);
        });
    }

    /// <summary>
    /// All its processes are gone at once, and connections end without BYE. An orderly stop would leave sessions that are logged in running for up to
    /// half a minute, without a master.
    /// </summary>
    public async Task Stop()
    {
        if (_process is { } process)
        {
            _process = null;
            await process.DisposeAsync();
            File.Delete(_directory["run/master.pid"]);
        }
    }

    /// <summary>Starts again on the same ports and mail.</summary>
    public async Task Resume()
    {
        if (!await TryStart())
        {
            throw new InvalidOperationException($"Dovecot does not start again:\n{Log}");
        }
    }

    public string NewUser() => MailServerClients.RandomUser();

    /// <summary>A token XOAUTH2 and OAUTHBEARER accept until it expires.</summary>
    public static string AccessToken(string user, TimeSpan? validFor = null) => JsonWebToken.Create(user, validFor ?? TimeSpan.FromHours(1));

    /// <summary>Stores many messages quickly: one connection, MULTIAPPEND (RFC 3502), a thousand at a time.</summary>
    public async Task Seed(string user, int count, Func<int, byte[]> message, string mailbox = "INBOX", string flags = "")
    {
        await using var raw = await this.RawClient(user);
        foreach (var group in Enumerable.Range(0, count).Chunk(1_000))
        {
            await raw.Append(mailbox, group.Select(message), flags);
        }
    }

    /// <summary>Delivers a message to the inbox by LMTP (RFC 2033), without a connection of the user.</summary>
    public async Task DeliverByLmtp(string user, string message)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, LmtpPort);
        using var reader = new StreamReader(socket.GetStream());
        await using var writer = new StreamWriter(socket.GetStream()) { NewLine = "\r\n", AutoFlush = true };
        await Answered("220");
        foreach (var (line, status) in new[] { ("LHLO localhost", "250"), ("MAIL FROM:<>", "250"), ($"RCPT TO:<{user}>", "250"), ("DATA", "354"), ($"{message.ReplaceLineEndings("\r\n")}\r\n.", "250"), ("QUIT", "221") })
        {
            await writer.WriteLineAsync(line);
            await Answered(status);
        }

        async Task Answered(string status)
        {
            string line;
            do
            {
                line = await reader.ReadLineAsync() ?? "";
            }
            while (line.Length > 3 && line[3] == '-');
            if (!line.StartsWith(status, StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"LMTP: {status} was expected, this came: {line}");
            }
        }
    }

    /// <summary>Runs doveadm on this server, e.g. <c>mailbox update --uid-validity 77 -u anna INBOX</c>, and returns what it prints.</summary>
    public async Task<string> Doveadm(params string[] arguments)
    {
        await using var doveadm = await ChildProcess.Start("/usr/bin/doveadm", ["-c", _directory["dovecot.conf"], .. arguments]);
        await doveadm.Exited();
        var output = string.Join('\n', doveadm.Output.Entries);
        return doveadm.ExitCode == 0 ? output : throw new InvalidOperationException($"doveadm {string.Join(' ', arguments)}: {output}");
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _directory.Dispose();
    }

    private async Task Prepare()
    {
        _directory.LetOthersPass();
        string[] written = ["home", "mail", "public", "state"];
        foreach (var name in (string[])["run", .. written, "keys/default/HS256"])
        {
            Directory.CreateDirectory(_directory[name]);
        }

        var separator = Options.Separator;
        await File.WriteAllTextAsync(_directory["users"], $"{TinyQuotaUser}:::::::userdb_quota_rule=*:storage=30k\n");
        await File.WriteAllTextAsync(_directory["acl-global"], $"Public anyone {(Options.Public ? "lk" : "l")}\nPublic{separator}* anyone lrwstipekxa\n");
        await File.WriteAllTextAsync(_directory["cert.pem"], TestCertificate.CertificatePem);
        await File.WriteAllTextAsync(_directory["key.pem"], TestCertificate.KeyPem);
        // The key file holds base64 of the secret.
        await File.WriteAllTextAsync(_directory["keys/default/HS256/default"], Convert.ToBase64String(Encoding.ASCII.GetBytes(JsonWebToken.Secret)));
        await File.WriteAllTextAsync(_directory["oauth2.conf.ext"], $"""
            introspection_mode = local
            local_validation_key_dict = fs:posix:prefix={_directory.Path}/keys/
            username_attribute = sub
            username_format = %Lu
            """);
        foreach (var (name, search) in Options.Virtual ? new[] { ("All", "all"), ("Flagged", "flagged") } : [])
        {
            Directory.CreateDirectory(_directory[$"virtual/{name}"]);
            await File.WriteAllTextAsync(_directory[$"virtual/{name}/dovecot-virtual"], $"INBOX\nArchive\n  {search}\n");
        }
        if (Environment.UserName == "root")
        {
            await Run("chown", [MailUid, .. written.Select(name => _directory[name])]);
        }
    }

    private static string MailUid => Environment.UserName == "root" ? "5000" : Environment.UserName;

    private async Task ChoosePorts()
    {
        (Port, TlsPort, LmtpPort) = (FreePort.Next(), FreePort.Next(), FreePort.Next());
        var root = Environment.UserName == "root";
        var gid = root ? MailUid : (await Run("id", ["-g"])).Trim();
        var group = root ? "dovecot" : (await Run("id", ["-gn"])).Trim();
        var uid = root ? MailUid : (await Run("id", ["-u"])).Trim();
        await File.WriteAllTextAsync(_directory["dovecot.conf"], new DovecotConfig(_directory.Path, Options, Port, TlsPort, LmtpPort, _greeting).Render(uid, gid, group));
    }

    /// <summary>In the foreground as our child; false if it ended at once, as it does when somebody else took a port.</summary>
    private async Task<bool> TryStart()
    {
        _process = await ChildProcess.Start(Program, ["-F", "-c", _directory["dovecot.conf"]], deathSignal: "TERM");
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        while (!_process.HasExited)
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, Port, deadline.Token);
                using var reader = new StreamReader(socket.GetStream());
                if ((await reader.ReadLineAsync(deadline.Token))?.Contains(_greeting, StringComparison.Ordinal) == true)
                {
                    return true;
                }
            }
            catch (SocketException)
            {
                // Not yet.
            }

            await Task.Delay(20, deadline.Token);
        }

        await _process.DisposeAsync();
        _process = null;
        return false;
    }

    private static async Task<string> Run(string program, IEnumerable<string> arguments)
    {
        await using var process = await ChildProcess.Start(program, arguments);
        await process.Exited();
        var output = string.Join('\n', process.Output.Entries);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {output}");
    }
}
