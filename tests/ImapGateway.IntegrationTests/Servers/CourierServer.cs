using System.Globalization;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>
/// A real Courier-IMAP 5.0. No CONDSTORE, MOVE, SPECIAL-USE or LIST-STATUS, no UIDNEXT in SELECT; all mailboxes are below <c>INBOX.</c>, with <c>.</c> as the delimiter.
/// </summary>
public sealed class CourierServer : UnpackedServer
{
    public const string Name = "courier";

    /// <summary>Courier knows users from a database that is written before it starts.</summary>
    private const int Users = 100;

    private int _users;

    private CourierServer()
        : base(Name)
    {
    }

    public static Task<CourierServer> Start() => new CourierServer().AfterAsync(server => server.StartAsync());

    public override string NewUser() =>
        Interlocked.Increment(ref _users) is <= Users and var number ? UserName(number) : throw new InvalidOperationException($"There are no more than {Users} users at one Courier.");

    private static string UserName(int number) => string.Create(CultureInfo.InvariantCulture, $"user{number}@example.com");

    // Courier has the paths of its configuration below /etc and /run built in. In /etc only what is in the directory of this instance is added.
    protected override string Script => $"""
        mount -t overlay overlay -o 'lowerdir={Folder["etc"]}:/etc' /etc
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir -p /run/courier/authdaemon
        chmod 755 /run/courier /run/courier/authdaemon
        export ADDRESS=127.0.0.1 MAXDAEMONS=4000 MAXPERIP=4000 MAILDIRPATH=Maildir SENDMAIL=/bin/true HEADERFROM=X-IMAP-Sender
        export IMAP_CAPABILITY='IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE'
        export IMAP_CAPABILITY_ORIG="$IMAP_CAPABILITY" IMAP_KEYWORDS=1 IMAP_ACL=1 IMAP_PROXY=0 IMAP_IDLE_TIMEOUT=1 IMAP_MAILBOX_SANITY_CHECK=0
        export IMAP_DISABLETHREADSORT=0 IMAP_CHECK_ALL_FOLDERS=0 IMAP_OBSOLETE_CLIENT=0 IMAP_UMASK=022 IMAP_USELOCKS=1 IMAP_ENHANCEDIDLE=1
        export IMAP_SHAREDINDEXFILE=/etc/courier/shared/index IMAP_TRASHFOLDERNAME=Trash IMAP_EMPTYTRASH= IMAP_MOVE_EXPUNGE_TO_TRASH=0 IMAP_TLS_REQUIRED=0
        umask 022
        /usr/lib/courier/courier-authlib/authdaemond &
        exec couriertcpd -address=127.0.0.1 -maxprocs=4000 -maxperip=4000 -nodnslookup -noidentlookup {Port} /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
        """;

    protected override async Task PrepareAsync()
    {
        var configuration = Path.Combine(Folder["etc"], "courier");
        Directory.CreateDirectory(Path.Combine(configuration, "shared"));
        await File.WriteAllTextAsync(Path.Combine(configuration, "authdaemonrc"), """
            authmodulelist="authuserdb"
            authmodulelistorig="authuserdb"
            daemons=2
            authdaemonvar=/run/courier/authdaemon
            DEBUG_LOGIN=0
            DEFAULTOPTIONS=""
            LOGGEROPTS=""
            """);
        Directory.CreateDirectory(Folder["home"]);
        var script = $$"""
            cd '{{Folder.Path}}'
            uid=$(id -u mail) gid=$(id -g mail) password=$(openssl passwd -1 {{DovecotServer.Password}})
            umask 077
            for user in {{string.Join(' ', Enumerable.Range(1, Users).Select(UserName))}}; do
                for folder in '' .Sent/ .Trash/ .Drafts/; do
                    mkdir -p "home/$user/Maildir/$folder"cur "home/$user/Maildir/$folder"new "home/$user/Maildir/$folder"tmp
                    [ -z "$folder" ] || : > "home/$user/Maildir/$folder"maildirfolder
                done
                printf '%s\tuid=%s|gid=%s|home=%s|mail=%s|imappw=%s\n' "$user" $uid $gid "$PWD/home/$user" "$PWD/home/$user/Maildir" "$password" >> userdb
            done
            chown -R mail:mail home
            chmod 711 home etc etc/courier
            makeuserdb -f "$PWD/userdb"
            mv userdb userdb.dat userdbshadow.dat etc/courier/
            """;
        await using var preparing = await UnpackedPackages.RunAsync(Name, script);
        await preparing.Exited();
        if (preparing.ExitCode != 0)
        {
            throw new InvalidOperationException($"The users of Courier cannot be made:\n{string.Join('\n', preparing.Output.Entries)}");
        }
    }
}
