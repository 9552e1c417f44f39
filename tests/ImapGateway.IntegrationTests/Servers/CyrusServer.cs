namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A real Cyrus IMAP 3.6: any user. QRESYNC, OBJECTID, LIST-STATUS and SPECIAL-USE, no NOTIFY.</summary>
public sealed class CyrusServer : UnpackedServer
{
    public const string Name = "cyrus";

    private CyrusServer()
        : base(Name)
    {
    }

    public static Task<CyrusServer> Start() => new CyrusServer().AfterAsync(server => server.StartAsync());

    public override string NewUser() => MailServerClients.RandomUser();

    protected override string Script => $"""
        cat > '{Folder["cyrus.conf"]}' <<'END'
        START {"{"}
          recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C {Folder["imapd.conf"]} -r"
          idled cmd="/usr/lib/cyrus/bin/idled -C {Folder["imapd.conf"]}"
        {"}"}
        SERVICES {"{"}
          imap cmd="/usr/lib/cyrus/bin/imapd -C {Folder["imapd.conf"]} -U 200" listen="127.0.0.1:{Port}" proto="tcp4" prefork=1 maxchild=1000
        {"}"}
        END
        exec /usr/lib/cyrus/bin/master -C '{Folder["imapd.conf"]}' -M '{Folder["cyrus.conf"]}' -p '{Folder["state/master.pid"]}'
        """;

    protected override async Task PrepareAsync()
    {
        foreach (var name in (string[])["db", "log", "msg", "proc", "ptclient", "socket", "quota", "sync", "user", "backup"])
        {
            Directory.CreateDirectory(Folder[$"state/{name}"]);
        }
        foreach (var name in (string[])["lock", "spool"])
        {
            Directory.CreateDirectory(Folder[name]);
        }
        await File.WriteAllTextAsync(Folder["state/sasl.db"], "");
        await File.WriteAllTextAsync(Folder["imapd.conf"], $"""
            configdirectory: {Folder["state"]}
            proc_path: {Folder["state/proc"]}
            mboxname_lockpath: {Folder["lock"]}
            defaultpartition: default
            partition-default: {Folder["spool"]}
            idlesocket: {Folder["state/socket/idle"]}
            altnamespace: yes
            unixhierarchysep: yes
            virtdomains: userid
            defaultdomain: example.com
            cyrus_user: mail
            cyrus_group: mail
            admins: admin
            umask: 077
            servername: localhost
            skiplist_unsafe: yes
            allowplaintext: yes
            sasl_mech_list: PLAIN LOGIN
            sasl_pwcheck_method: auxprop
            sasl_auxprop_plugin: sql
            sasl_sql_engine: sqlite3
            sasl_sql_database: {Folder["state/sasl.db"]}
            sasl_sql_select: SELECT '{DovecotServer.Password}'
            autocreate_quota: 1048576
            autocreate_inbox_folders: Sent | Trash | Drafts | Junk | Archive
            autocreate_subscribe_folders: Sent | Trash | Drafts | Junk | Archive
            xlist-sent: Sent
            xlist-trash: Trash
            xlist-drafts: Drafts
            xlist-junk: Junk
            xlist-archive: Archive
            specialusealways: yes
            munge8bit: no
            duplicatesuppression: no
            imapidlepoll: 60
            maxlogins_per_user: 0
            maxlogins_per_host: 0
            conversations: yes
            conversations_db: twoskip
            hashimapspool: no
            expunge_mode: delayed

            """);
        await using var owning = await ChildProcess.Start("/usr/bin/chown", ["-R", "mail:mail", Folder["state"], Folder["lock"], Folder["spool"], Folder["imapd.conf"]]);
        await owning.Exited();
    }
}
