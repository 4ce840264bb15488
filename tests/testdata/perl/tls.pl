#!/usr/bin/perl
# A worker and a client that speak TLS: prints what the worker made of "hello" and of a large workload.
#
# Arguments: PORT CA-FILE [CERTIFICATE KEY]
use strict;
use warnings;
use Gearman::Client;
use Gearman::Task;
use Gearman::Worker;

my ($port, $ca, $certificate, $key) = @ARGV;
my $server = {
    host    => 'localhost',
    port    => $port,
    use_ssl => 1,
    ca_file => $ca,
    $key ? (cert_file => $certificate, key_file => $key) : (),
};

my $child = fork() // die "cannot fork: $!";
if ($child == 0) {
    my $worker = Gearman::Worker->new(job_servers => [$server]);
    $worker->register_function(reverse => sub { scalar reverse $_[0]->arg });
    $worker->work while 1;
}

my $client = Gearman::Client->new(job_servers => [$server]);
my $small = $client->do_task(reverse => 'hello', { timeout => 60 });
my $bytes = join '', map { chr($_ * 7 % 256) } 1 .. 300_000;
my $large = $client->do_task(reverse => $bytes, { timeout => 60 });
print $small ? $$small : 'nothing', "\n";
print $large && $$large eq reverse($bytes) ? "large: equal\n" : "large: different\n";
kill 'KILL', $child;
waitpid $child, 0;
