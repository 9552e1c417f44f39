using System.Net;

namespace ImapGateway.IntegrationTests.Servers;

public enum MailProxyKind
{
    /// <summary>Forwards octets, and ends connections that are idle for five seconds.</summary>
    HAProxy,

    /// <summary>Logs in by itself (PLAIN only) and then forwards, with the same idle time.</summary>
    Nginx,

    /// <summary>Reads LOGIN by itself and then forwards; ends connections that are idle for ten seconds.</summary>
    Perdition,

    /// <summary>Keeps sessions at the server after LOGOUT, and gives them to the next who knows the password.</summary>
    ImapProxy,
}

/// <summary>A real proxy in front of a mail server.</summary>
public sealed class MailProxy : UnpackedServer
{
    public const string Name = "proxies";

    private readonly MailProxyKind _kind;
    private readonly IMailServer _upstream;

    private MailProxy(MailProxyKind kind, IMailServer upstream)
        : base(Name) => (_kind, _upstream) = (kind, upstream);

    public static Task<MailProxy> Start(MailProxyKind kind, IMailServer upstream) => new MailProxy(kind, upstream).AfterAsync(proxy => proxy.StartAsync());

    public override string NewUser() => _upstream.NewUser();

    protected override string Script => $"""
        cat > '{Folder["configuration"]}' <<'END'
        {Configuration}
        END
        exec {Command}
        """;

    protected override Task PrepareAsync()
    {
        // imapproxy gives up its rights and writes its statistics afterwards.
        Directory.CreateDirectory(Folder["run"]);
        File.SetUnixFileMode(Folder["run"], (UnixFileMode)0x1FF);
        return Task.CompletedTask;
    }

    private string Command => _kind switch
    {
        MailProxyKind.HAProxy => $"haproxy -db -f '{Folder["configuration"]}'",
        MailProxyKind.Nginx => $"nginx -e stderr -c '{Folder["configuration"]}'",
        MailProxyKind.Perdition =>
            $"perdition --no_daemon --config_file /dev/null --protocol IMAP4 --bind_address {IPAddress.Loopback} --listen_port {Port} --outgoing_server {IPAddress.Loopback} --outgoing_port {_upstream.Port} "
            + $"--no_lookup --ssl_mode none --timeout 10 --map_library '' --pid_file '{Folder["run/pid"]}' --log_facility - --username root --group root",
        _ => $"imapproxyd -f '{Folder["configuration"]}' -p '{Folder["run/pid"]}'",
    };

    private string Configuration => _kind switch
    {
        MailProxyKind.HAProxy => $$"""
            global
              maxconn 1000
            defaults
              mode tcp
              timeout connect 5s
              timeout client 5s
              timeout server 5s
            listen imap
              bind {{IPAddress.Loopback}}:{{Port}}
              server imap {{IPAddress.Loopback}}:{{_upstream.Port}}
            """,
        MailProxyKind.Nginx => $$"""
            load_module /usr/lib/nginx/modules/ngx_mail_module.so;
            daemon off;
            worker_processes 1;
            user root;
            pid {{Folder["run/pid"]}};
            events { worker_connections 1000; }
            http {
              access_log off;
              client_body_temp_path {{Folder["run"]}}; proxy_temp_path {{Folder["run"]}}; fastcgi_temp_path {{Folder["run"]}}; uwsgi_temp_path {{Folder["run"]}}; scgi_temp_path {{Folder["run"]}};
              server {
                listen unix:{{Folder["run/auth"]}};
                location / { add_header Auth-Status OK; add_header Auth-Server {{IPAddress.Loopback}}; add_header Auth-Port {{_upstream.Port}}; return 204; }
              }
            }
            mail {
              auth_http unix:{{Folder["run/auth"]}}:/;
              proxy_timeout 5s;
              imap_capabilities IMAP4rev1 UIDPLUS IDLE;
              server { listen {{IPAddress.Loopback}}:{{Port}}; protocol imap; imap_auth plain; }
            }
            """,
        MailProxyKind.ImapProxy => $"""
            server_hostname {IPAddress.Loopback}
            server_port {_upstream.Port}
            connect_retries 1
            connect_delay 1
            listen_address {IPAddress.Loopback}
            listen_port {Port}
            cache_size 100
            cache_expiration_time 300
            proc_username nobody
            proc_groupname nogroup
            stat_filename {Folder["run/statistics"]}
            protocol_log_filename {Folder["run/protocol"]}
            syslog_facility LOG_MAIL
            send_tcp_keepalives no
            enable_select_cache no
            foreground_mode yes
            force_tls no
            enable_admin_commands no
            """,
        _ => "",
    };
}
