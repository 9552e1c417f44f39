namespace ImapGateway.IntegrationTests.Servers;

/// <summary>The configuration file of a Dovecot 2.3 that lives in one directory and knows every user.</summary>
internal sealed record DovecotConfig(string Dir, DovecotOptions Options, int Imap, int Imaps, int Lmtp, string Greeting)
{
    private static readonly bool IsRoot = Environment.UserName == "root";

    private bool Plain => Options.Profile == DovecotProfile.Plain;

    // Dovecot's packages bring two users of their own; who is not root can only be himself.
    private static string InternalUser => IsRoot ? "dovecot" : Environment.UserName;

    private static string LoginUser => IsRoot ? "dovenull" : Environment.UserName;

    public string Render(string mailUid, string mailGid, string internalGroup) => $$"""
        base_dir = {{Dir}}/run
        state_dir = {{Dir}}/state
        log_path = {{Dir}}/dovecot.log
        instance_name = {{Greeting}}
        login_greeting = {{Greeting}}
        protocols = imap lmtp
        listen = 127.0.0.1
        default_internal_user = {{InternalUser}}
        default_internal_group = {{internalGroup}}
        default_login_user = {{LoginUser}}

        # Users need no entry in the system's user list.
        first_valid_uid = 1
        first_valid_gid = 1
        mail_uid = {{mailUid}}
        mail_gid = {{mailGid}}
        mail_home = {{Dir}}/home/%u
        mail_location = {{(Options.Maildir ? "maildir" : "sdbox")}}:{{Dir}}/mail/%u
        mail_attribute_dict = file:%h/dovecot-attributes
        mail_fsync = never
        mailbox_list_index = yes
        mailbox_idle_check_interval = 5 secs
        mail_plugins = {{(Plain ? "" : "acl quota notify")}}{{(Options.Virtual ? " virtual" : "")}}

        {{Auth(mailUid, mailGid)}}

        {{Tls}}

        {{Namespaces}}

        protocol imap {
          mail_plugins = $mail_plugins {{(Plain ? "" : "imap_acl imap_quota imap_zlib")}}
          mail_max_userip_connections = {{Options.MaxConnectionsPerUser}}
          imap_metadata = {{(Plain ? "no" : "yes")}}
          imap_hibernate_timeout = {{(Options.Hibernates ? "1s" : "0")}}
          imap_idle_notify_interval = 29 mins
          {{(Options.CapabilityLine is { } line ? $"imap_capability = {line}" : "")}}
        }
        # user+Mailbox@host is delivered to that mailbox.
        protocol lmtp {
          postmaster_address = postmaster@localhost
        }
        recipient_delimiter = +
        lmtp_save_to_detail_mailbox = yes
        lda_mailbox_autocreate = yes
        plugin {
          acl = vfile:{{Dir}}/acl-global:cache_secs=1
          acl_shared_dict = file:{{Dir}}/state/shared-mailboxes.db
          quota = count:User quota
          quota_rule = *:{{Options.Quota}}:messages=500000
          quota_vsizes = yes
          quota_grace = 0
        }

        {{Services}}
        """;

    private string Auth(string uid, string gid) => $$"""
        disable_plaintext_auth = no
        auth_mechanisms = plain login xoauth2 oauthbearer
        auth_failure_delay = 0
        auth_username_format = %Lu
        auth_cache_size = 1M
        passdb {
          driver = oauth2
          mechanisms = xoauth2 oauthbearer
          args = {{Dir}}/oauth2.conf.ext
        }
        passdb {
          driver = static
          mechanisms = plain login
          args = password={{DovecotServer.Password}}
        }
        # First the few with settings of their own, then everyone.
        userdb {
          driver = passwd-file
          args = username_format=%u {{Dir}}/users
          default_fields = uid={{uid}} gid={{gid}} home={{Dir}}/home/%u
        }
        userdb {
          driver = static
          args = uid={{uid}} gid={{gid}} home={{Dir}}/home/%u allow_all_users=yes
        }
        """;

    private string Tls => Options.Tls
        ? $"""
            ssl = yes
            ssl_cert = <{Dir}/cert.pem
            ssl_key = <{Dir}/key.pem
            """
        : "ssl = no";

    private string Namespaces => $$"""
        namespace inbox {
          inbox = yes
          separator = {{Options.Separator}}
          prefix = {{Options.Prefix}}
        {{string.Join('\n', new[] { "Sent", "Trash", "Drafts", "Junk", "Archive" }.Select(Role))}}
        }
        """ + (Plain ? "" : $$"""

        namespace others {
          type = shared
          separator = {{Options.Separator}}
          prefix = Other Users{{Options.Separator}}%%u{{Options.Separator}}
          location = sdbox:{{Dir}}/mail/%%u:INDEXPVT={{Dir}}/home/%u/shared/%%u
          subscriptions = no
          list = children
        }
        namespace public {
          type = public
          separator = {{Options.Separator}}
          prefix = Public{{Options.Separator}}
          location = sdbox:{{Dir}}/public:INDEXPVT={{Dir}}/home/%u/public
          subscriptions = no
          list = children
        }
        """) + (!Options.Virtual ? "" : $$"""

        namespace virtual {
          separator = {{Options.Separator}}
          prefix = Virtual{{Options.Separator}}
          location = virtual:{{Dir}}/virtual:INDEX={{Dir}}/home/%u/virtual
          list = yes
        }
        """);

    private string Role(string name) => $$"""
          mailbox {{name}} {
            auto = subscribe
            {{(Plain ? "" : $@"special_use = \{name}")}}
          }
        """;

    private string Services => $$"""
        service imap-login {
          inet_listener imap {
            port = {{Imap}}
          }
          inet_listener imaps {
            port = {{(Options.Tls ? Imaps : 0)}}
            ssl = yes
          }
          service_count = 0
          process_min_avail = 1
          client_limit = {{Options.MaxConnections}}
          {{NoChroot}}
        }
        service imap {
          process_limit = {{Options.MaxConnections}}
          process_min_avail = 1
          unix_listener imap-master {
            user = {{InternalUser}}
            mode = 0600
          }
        }
        service imap-hibernate {
          unix_listener imap-hibernate {
            mode = 0666
          }
        }
        service lmtp {
          inet_listener lmtp {
            address = 127.0.0.1
            port = {{Lmtp}}
          }
        }
        service anvil {
          client_limit = {{2 * Options.MaxConnections}}
          # Wrong passwords from one address must not slow down the next login.
          unix_listener anvil-auth-penalty {
            mode = 0
          }
          {{NoChroot}}
        }
        service auth {
          client_limit = {{2 * Options.MaxConnections}}
        }
        service stats {
          client_limit = {{2 * Options.MaxConnections}}
          unix_listener stats-writer {
            mode = 0666
          }
          {{NoChroot}}
        }
        service imap-urlauth-login {
          {{NoChroot}}
        }
        """;

    private static string NoChroot => IsRoot ? "" : "chroot =";
}
