#!/bin/bash
# Files as scp, rsync and Pantry bring them: 1 GiB to one target and 64 MiB to each of 50, all on loopback, and the same once more after one byte has changed. One sshd and
# 50 loopback addresses stand for the targets; Pantry's clients are 50 in a process. Needs root, and Debian's openssh-server, openssh-client and rsync
# (`--install` installs them). Leaves nothing running.
set -eu
cd "$(dirname "$0")/.."
rounds=3 port=22023 count=50 large=1024 small=64
if [ "${1:-}" = --install ]; then
    shift
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends openssh-server openssh-client rsync >/dev/null
fi
[ $# -eq 0 ] || rounds=$1
for tool in ssh-keygen scp rsync dotnet; do
    command -v $tool >/dev/null || { echo "$tool is missing; run with --install, as root." >&2; exit 2; }
done

dir=$(mktemp -d)
chmod 700 "$dir"
sshd_pid=
cleanup() {
    [ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT INT TERM

ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
cp "$dir/user.pub" "$dir/authorized"
cat > "$dir/sshd" <<END
Port $port
HostKey $dir/host
PidFile $dir/pid
AuthorizedKeysFile $dir/authorized
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 500:100:500
Subsystem sftp internal-sftp
# What the account's shell does at each start is not measured.
SetEnv HOME=$dir
# sshd listens on 16 addresses at most, so it does on all; whoever comes from elsewhere is not let in.
Match Address *,!127.0.0.0/8
    PubkeyAuthentication no
END
mkdir -p /run/sshd
"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$dir/sshd" 2>"$dir/log" &
sshd_pid=$!
options="-i $dir/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes"
for _ in $(seq 100); do ssh -p $port $options 127.77.0.1 true 2>/dev/null && break; sleep 0.1; done
ssh -p $port $options 127.77.0.1 true

head -c ${large}M /dev/urandom > "$dir/large"
head -c ${small}M /dev/urandom > "$dir/small"

# What it does to all targets at once, MiB in all, and the command for one, with TARGET and NUMBER in it.
measure() {
    local name=$1 mebibytes=$2 targets=$3 command=$4 keep=${5:-} all=
    for _ in $(seq "$rounds"); do
        [ -n "$keep" ] || rm -rf "$dir"/to.*
        for i in $(seq "$targets"); do mkdir -p "$dir/to.$i"; done
        # scp and rsync leave what they wrote to the system; it is not to be written while something else is measured.
        sync
        local begin end
        begin=$(date +%s.%N)
        seq "$targets" | xargs -P "$targets" -I NUMBER sh -c "${command//TARGET/127.77.0.NUMBER}"
        end=$(date +%s.%N)
        all="$all $(echo "$begin $end $mebibytes" | awk '{ printf "%.1f", $3 * 1.048576 / ($2 - $1) }')"
    done
    echo "$all" | tr ' ' '\n' | grep . | sort -n | awk -v name="$name" '{ v[NR] = $1 } END { printf "%-44s %8.1f MB/s\n", name, v[int((NR + 1) / 2)] }'
}

ssh_command="ssh -p $port $options"
measure "scp, $large MiB to one" $large 1 "scp -q -P $port $options '$dir/large' TARGET:'$dir/to.NUMBER/file'"
measure "rsync, $large MiB to one" $large 1 "rsync -e '$ssh_command' '$dir/large' TARGET:'$dir/to.NUMBER/file'"
measure "scp, $small MiB to each of $count" $((small * count)) $count "scp -q -P $port $options '$dir/small' TARGET:'$dir/to.NUMBER/file'"
measure "rsync, $small MiB to each of $count" $((small * count)) $count "rsync -e '$ssh_command' '$dir/small' TARGET:'$dir/to.NUMBER/file'"
rm -rf "$dir"/to.*
sync

dotnet build -c Release bench/Pantry.Bench -v q -clp:NoSummary >/dev/null
dotnet run -c Release --no-build --project bench/Pantry.Bench -- files --rounds "$rounds" --large $large --small $small --clients $count --folder "$dir"
