# Stands in for systemd's notify socket: `notify-listener.pl NAME FILE` listens on the abstract socket NAME, and writes what services say into FILE.
# Tells on descriptor 3 that it listens.
use strict;
use warnings;
use Socket;

my ($name, $file) = @ARGV;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, pack_sockaddr_un("\0$name")) or die "bind: $!";
open(my $heard, '>>', $file) or die "$file: $!";
$heard->autoflush(1);
open(my $listens, '>&=', 3) or die "descriptor 3: $!";
print $listens "listens\n";
close $listens;
while (defined recv($socket, my $said, 4096, 0)) { print $heard "$said\n"; }
