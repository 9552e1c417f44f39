# ./dev demo; read by dev, which cleans up what is started and made here.

DEMO_USER=anna@example.com
DEMO_PASSWORD=demo

# The first port from the given one on that nobody listens on.
free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

# Runs a program in the background, its output in a log; it ends with this script, even if that is killed.
start() {
    local log=$1
    shift
    setpriv --pdeathsig TERM -- "$@" >"$log" 2>&1 &
    CHILDREN=("$!" "${CHILDREN[@]}")
}

# Arguments: how long (seconds), a log to show on failure, and the condition as a command.
wait_until() {
    local deadline=$((SECONDS + $1)) log=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "${CHILDREN[0]}" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 30 "$log" >&2
            fail "It did not get ready: $*"
        fi
        sleep 0.1
    done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

start_dovecot() {
    local port=$1 dir=$SCRATCH/mail internal=dovecot group=dovecot login=dovenull uid=5000 gid=5000 no_chroot=
    mkdir -p "$dir"/{run,state,home,mail}
    if [ "$(id -u)" = 0 ]; then
        # Dovecot works as users of its own: they must be able to pass through.
        chmod o+x "$SCRATCH" "$dir"
        chown "$uid:$gid" "$dir"/{home,mail}
    else
        internal=$(id -un) group=$(id -gn) login=$(id -un) uid=$(id -u) gid=$(id -g) no_chroot='chroot ='
    fi
    sed -e "s|@DIR@|$dir|; s|@PORT@|$port|; s|@PASSWORD@|$DEMO_PASSWORD|; s|@UID@|$uid|; s|@GID@|$gid|" \
        -e "s|@INTERNAL_USER@|$internal|; s|@INTERNAL_GROUP@|$group|; s|@LOGIN_USER@|$login|; s|@NO_CHROOT@|$no_chroot|" \
        demo/dovecot.conf >"$dir/dovecot.conf"
    start "$dir/dovecot.out" /usr/sbin/dovecot -F -c "$dir/dovecot.conf"
    wait_until 20 "$dir/dovecot.log" listens "$port"
}

start_gateway() {
    local port=$1 key=$2
    start "$SCRATCH/gateway.log" env ASPNETCORE_URLS="http://127.0.0.1:$port" DataDirectory="$SCRATCH/data" Auth__AdminKey="$key" \
        Egress__AllowPrivateNetworks=true dotnet src/ImapGateway/bin/Release/net10.0/ImapGateway.dll
    wait_until 60 "$SCRATCH/gateway.log" curl -fs "http://127.0.0.1:$port/health/ready"
}

demo() {
    local imap http key url answer message
    need_sdk
    need_packages /usr/sbin/dovecot=dovecot-imapd setpriv=util-linux curl=curl
    say "Building"
    dotnet build src/ImapGateway -c Release -v quiet -nologo
    scratch

    imap=$(free_port 14300)
    say "Starting a mail server on port $imap, with sample mail"
    start_dovecot "$imap"
    dotnet run demo/SampleMail.cs -- "$imap" "$DEMO_USER" "$DEMO_PASSWORD"

    http=$(free_port 8080)
    key=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
    url=http://127.0.0.1:$http
    say "Starting the gateway on $url"
    mkdir "$SCRATCH/data"
    start_gateway "$http" "$key"

    say "Adding the account"
    answer=$(curl -s --fail-with-body -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$url/v1/accounts" -d @- <<JSON
{"id": "demo", "name": "Anna Berg", "email": "$DEMO_USER",
 "imap": {"host": "127.0.0.1", "port": $imap, "security": "none", "username": "$DEMO_USER", "password": "$DEMO_PASSWORD"}}
JSON
    ) || fail "The gateway did not add it: $answer"
    answer=$(curl -s --fail-with-body -H "Authorization: Bearer $key" "$url/v1/accounts/demo/mailboxes/inbox/messages?limit=1") ||
        fail "The gateway did not list it: $answer"
    message=$(grep -o '"id": *"m_[a-z0-9]*"' <<<"$answer" | head -n 1 | cut -d '"' -f 4)

    cat <<TEXT

The gateway is running on $url; all routes: $url/swagger
The admin key, and three requests to try in another terminal:

    KEY=$key
    curl -H "Authorization: Bearer \$KEY" $url/v1/accounts/demo/mailboxes
    curl -H "Authorization: Bearer \$KEY" "$url/v1/accounts/demo/mailboxes/inbox/messages?limit=5"
    curl -H "Authorization: Bearer \$KEY" "$url/v1/accounts/demo/messages/$message?body=text"

Ctrl-C ends everything and removes the data.
TEXT
    # Either of the two ending by itself ends the demo.
    wait -n "${CHILDREN[@]}" || true
    tail -n 30 "$SCRATCH/gateway.log" >&2
    fail "The gateway or the mail server has ended."
}
