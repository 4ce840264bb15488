#!/usr/bin/perl
# What a client sees of a function that dies. Arguments: PORT
use strict;
use warnings;
use Gearman::Client;

$| = 1;
my ($port) = @ARGV;
for my $exceptions (1, 0) {
    my $client = Gearman::Client->new(job_servers => ["127.0.0.1:$port"], exceptions => $exceptions);
    print $exceptions ? "with exceptions\n" : "without\n";
    $client->do_task(dies => 'boredom', {
        on_complete  => sub { print "complete\n" },
        on_fail      => sub { print "fail\n" },
        on_exception => sub { print "exception\n" },
        timeout      => 5,
    });
    print 'afterwards: ', ${ $client->do_task(reverse => 'evila') }, "\n";
}
