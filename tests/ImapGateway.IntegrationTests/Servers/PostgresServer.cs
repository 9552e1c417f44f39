using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A real PostgreSQL in a directory of its own, with a user who may do nothing but own databases.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string User = "gateway";
    public const string Password = "p;a'ss word";
    private const string Admin = "admin";
    private const string AdminPassword = "admin";
    private const string SetPriv = "/usr/bin/setpriv";

    private const string RingKeyVariable = "IMAPGATEWAY_RING_KEY";

    /// <summary>The key of the key rings of all tests, for gateways in processes of their own.</summary>
    public static readonly (string Name, string Value) RingKey = (RingKeyVariable, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");

    /// <summary>For gateways in this process.</summary>
    static PostgresServer() => Environment.SetEnvironmentVariable(RingKey.Name, RingKey.Value);

    private readonly TemporaryDirectory _directory = new();
    private readonly bool _durable;
    private ChildProcess? _process;
    private int _databases;

    private PostgresServer(bool durable) => _durable = durable;

    public static string Host => "127.0.0.1";

    public int Port { get; set; }

    /// <summary>What the server wrote to its log in its current or last life.</summary>
    public string Log => _process is null ? "" : string.Join('\n', _process.Output.Entries);

    /// <param name="durable">Whether commits are synced to the disk, as tests of crashes need it.</param>
    public static Task<PostgresServer> Start(bool durable = false) => new PostgresServer(durable).AfterAsync(async server =>
    {
        await server.Initialise();
        await Starting.OnFreePortsAsync(
            "PostgreSQL",
            () =>
            {
                server.Port = FreePort.Next();
                return server.TryStart();
            },
            () => server.Log);
        await server.Execute($"CREATE ROLE {User} LOGIN PASSWORD '{Password.Replace("'", "''", StringComparison.Ordinal)}'");
    });

    /// <summary>A new database that belongs to <see cref="User"/>, and how <see cref="User"/> connects to it.</summary>
    /// <param name="template">A database of <see cref="User"/>'s nobody uses, to copy.</param>
    public async Task<string> NewDatabase(string template = "template1")
    {
        var name = $"db{Interlocked.Increment(ref _databases)}";
        await Execute($"CREATE DATABASE {name} OWNER {User} TEMPLATE {template}");
        return ConnectionString(name);
    }

    /// <summary>The settings of a gateway on this database.</summary>
    public static (string Name, string Value)[] Settings(string connectionString) =>
        [("Storage:Provider", "Postgres"), ("Storage:ConnectionString", connectionString), ("Storage:KeyEncryption", $"env:{RingKeyVariable}")];

    /// <summary>A file of the server.</summary>
    /// <param name="relative">To its data directory, as pg_relation_filepath gives it.</param>
    public string PathOf(string relative) => Path.Combine(Data, relative);

    /// <summary>A copy made by pg_basebackup, which is not started: a backup, or a standby of this server.</summary>
    /// <param name="asStandby">Whether it follows this server as soon as it runs.</param>
    public Task<PostgresServer> BaseBackup(bool asStandby) => new PostgresServer(_durable).AfterAsync(async copy =>
    {
        copy.Port = FreePort.Next();
        copy.CreateDirectories("sockets");
        if (IsRoot)
        {
            await Run("chown", ["postgres:", copy._directory.Path, copy._directory["sockets"]]);
        }
        await RunUnprivileged(
            Program("pg_basebackup"),
            ["-D", copy.Data, "-d", $"host={Host} port={Port} user={Admin} password={AdminPassword}", "--checkpoint=fast", "--no-sync", .. asStandby ? ["--write-recovery-conf"] : Array.Empty<string>()]);
    });

    /// <summary>Point-in-time recovery with the write-ahead log of another server, up to the restore point.</summary>
    public async Task Recover(PostgresServer log, string restorePoint)
    {
        await File.AppendAllTextAsync(
            PathOf("postgresql.auto.conf"),
            $"restore_command = 'cp \"{log.PathOf("pg_wal")}/%f\" \"%p\"'\nrecovery_target_name = '{restorePoint}'\nrecovery_target_action = 'promote'\n");
        await File.WriteAllTextAsync(PathOf("recovery.signal"), "");
        await Resume();
        await TestWait.For(async () => await Execute("SELECT pg_is_in_recovery()") is false);
    }

    /// <summary>Takes the place of another server, which must have ended.</summary>
    public async Task TakePlaceOf(PostgresServer other)
    {
        if (_process is { HasExited: false })
        {
            await Stop();
        }
        Port = other.Port;
        await Resume();
        await Execute("SELECT pg_promote()");
    }

    /// <summary>What pg_dump writes.</summary>
    public async Task<string> Dump(string database)
    {
        var file = _directory[$"{database}.sql"];
        await Run(Program("pg_dump"), ["--file", file, $"host={Host} port={Port} dbname={database} user={Admin} password={AdminPassword}"]);
        return await File.ReadAllTextAsync(file);
    }

    /// <summary>Runs what <see cref="Dump"/> returned, in one transaction.</summary>
    public async Task Load(string database, string dump)
    {
        var file = _directory[$"{database}.load.sql"];
        await File.WriteAllTextAsync(file, dump);
        await Run(
            Program("psql"),
            ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file", file, $"host={Host} port={Port} dbname={database} user={Admin} password={AdminPassword}"]);
    }

    /// <summary>Drops a database, whoever is connected, and creates an empty one of this name.</summary>
    public async Task Empty(string database)
    {
        await Execute($"DROP DATABASE {database} WITH (FORCE)");
        await Execute($"CREATE DATABASE {database} OWNER {User}");
    }

    /// <summary>Copies a database by its files, whoever is connected.</summary>
    public async Task CopyFiles(string database, string copy)
    {
        await Execute($"ALTER DATABASE {database} ALLOW_CONNECTIONS false");
        await Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        await TestWait.For(async () => await Execute($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'") is 0L);
        await Execute($"CREATE DATABASE {copy} OWNER {User} TEMPLATE {database}");
        await Execute($"ALTER DATABASE {database} ALLOW_CONNECTIONS true");
    }

    /// <summary>Whether a file of the tables has this text. The write-ahead log is not searched: it keeps the past for as long as the server needs it.</summary>
    public async Task<bool> FilesContain(string text)
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Data, "base"), "*", SearchOption.AllDirectories))
        {
            if ((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0)
            {
                return true;
            }
        }
        return false;
    }

    public string ConnectionString(string database, string user = User, string password = Password) =>
        new NpgsqlConnectionStringBuilder { Host = Host, Port = Port, Database = database, Username = user, Password = password }.ConnectionString;

    /// <summary>As superuser; gives the first value, if there is one.</summary>
    public async Task<object?> Execute(string sql, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection(AdminConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Whoever is connected is thrown out, and what was committed is on the disk.</summary>
    public Task Stop() => Stop("fast");

    /// <summary>SIGKILL to all its processes: what was not synced is lost.</summary>
    public Task Kill() => _process!.Kill();

    /// <summary>All its processes stand still: connections stay, and nobody answers.</summary>
    public Task Freeze() => Signal("STOP");

    public Task Thaw() => Signal("CONT");

    /// <summary>Starts again on the same port and data.</summary>
    public async Task Resume()
    {
        if (!await TryStart())
        {
            throw new InvalidOperationException($"PostgreSQL does not start again:\n{Log}");
        }
    }

    public async Task Restart()
    {
        await Stop();
        await Resume();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            // Killed it would leave a shared memory segment to the system.
            await Stop("immediate");
        }

        _directory.Dispose();
    }

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => _directory["data"];

    private static string Program(string name) =>
        Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Select(version => $"{version}/bin/{name}").LastOrDefault(File.Exists)
        ?? throw new InvalidOperationException("PostgreSQL is missing: ./dev test installs it (postgresql).");

    private string AdminConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder { Host = Host, Port = Port, Database = database, Username = Admin, Password = AdminPassword, Pooling = false }.ConnectionString;

    /// <summary>The main process first: it starts no others while it stands still. A child may end before its turn, so each is signalled by itself.</summary>
    private async Task Signal(string signal)
    {
        // The server makes each of its processes the leader of a session, so they are found by their parent.
        var main = _process!.Id.ToString(CultureInfo.InvariantCulture);
        await Run("kill", ["-s", signal, main]);
        var children = (await File.ReadAllTextAsync($"/proc/{main}/task/{main}/children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var child in children)
        {
            await using var kill = await ChildProcess.Start("kill", ["-s", signal, child]);
            await kill.Exited();
        }
    }

    private async Task Initialise()
    {
        CreateDirectories("data", "sockets");
        await File.WriteAllTextAsync(_directory["password"], AdminPassword);
        if (IsRoot)
        {
            _directory.LetOthersPass();
            await Run("chown", ["postgres:", Data, _directory["sockets"], _directory["password"]]);
        }

        await RunUnprivileged(
            Program("initdb"), ["-D", Data, "-U", Admin, "--pwfile", _directory["password"], "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    }

    private void CreateDirectories(params IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(_directory[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>False if it ended at once, as it does when somebody else took the port.</summary>
    private async Task<bool> TryStart()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        string[] settings =
        [
            $"port={Port}", $"listen_addresses={Host}", $"unix_socket_directories={_directory["sockets"]}", "max_connections=300", "shared_buffers=32MB",
            $"fsync={(_durable ? "on" : "off")}", $"full_page_writes={(_durable ? "on" : "off")}",
        ];
        // The death signal goes with a change of user: it is set after it. QUIT ends the server with all its processes.
        _process = await ChildProcess.Start(
            SetPriv, [.. AsPostgres, "--pdeathsig", "QUIT", "--", Program("postgres"), "-D", Data, .. settings.SelectMany(setting => new[] { "-c", setting })], deathSignal: "QUIT");
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        while (!_process.HasExited)
        {
            try
            {
                await using var connection = new NpgsqlConnection(AdminConnectionString("postgres"));
                await connection.OpenAsync(deadline.Token);
                return !_process.HasExited;
            }
            catch (Exception failure) when (failure is PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } or NpgsqlException { InnerException: SocketException })
            {
                // Not yet.
            }

            await Task.Delay(20, deadline.Token);
        }

        return false;
    }

    private async Task Stop(string mode)
    {
        await RunUnprivileged(Program("pg_ctl"), ["stop", "-D", Data, "-m", mode, "-w"]);
        await _process!.Exited();
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static string[] AsPostgres => IsRoot ? ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--", SetPriv] : [];

    private static Task RunUnprivileged(string program, string[] arguments) => IsRoot ? Run(SetPriv, [.. AsPostgres[..^1], program, .. arguments]) : Run(program, arguments);

    private static async Task Run(string program, string[] arguments)
    {
        await using var process = await ChildProcess.Start(program, arguments);
        await process.Exited();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program}: {string.Join('\n', process.Output.Entries)}");
        }
    }
}
