#!/usr/bin/perl
# Results that Gearman::Worker sends without the NUL behind the handle. C gearmand 1.1.20 waits for that NUL for ever.
# Arguments: PORT
use strict;
use warnings;
use Gearman::Client;

my ($port) = @ARGV;
for my $function (qw(empty zero)) {
    my $client = Gearman::Client->new(job_servers => ["127.0.0.1:$port"]);
    my $result = $client->do_task($function => 'x', {timeout => 5});
    print "$function: ", defined $result ? "'$$result'" : 'no result', "\n";
}
