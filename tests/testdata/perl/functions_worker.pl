#!/usr/bin/perl
# A worker with one function for each thing that a job can do. Serves until it is killed; says "ready" on standard error
# once it has told the server its functions.
#
# Arguments: PORT [PORT ...]
use strict;
use warnings;
use Gearman::Worker;

my $worker = Gearman::Worker->new(
    job_servers => [map { "127.0.0.1:$_" } @ARGV],
    client_id   => 'perl-functions',
);
my %functions = (
    reverse => sub { scalar reverse $_[0]->arg },
    echo    => sub { $_[0]->arg },
    sized   => sub { length($_[0]->arg) . ' bytes' },
    handle  => sub { $_[0]->handle },
    nothing => sub { undef },
    zero    => sub { 0 },
    empty   => sub { '' },
    dies    => sub { die "died of " . $_[0]->arg . "\n" },
    progress => sub {
        my ($job) = @_;
        $job->set_status($_, 2) for 0 .. 2;
        return 'done';
    },
    pieces => sub {
        my ($job) = @_;
        $worker->send_work_data($job, $_) for split //, $job->arg;
        $worker->send_work_warning($job, 'that was all');
        return 'end';
    },
    # Works at the second attempt: the first worker process ends in the middle.
    once_more => sub {
        my ($job) = @_;
        my $mark = $job->arg;
        return 'second attempt' if -e $mark;
        open my $file, '>', $mark or die $!;
        exec $^X, $0, @ARGV;
    },
);
for my $name (sort keys %functions) {
    $worker->register_function($name => $functions{$name}) or die "cannot register $name";
}
$worker->register_function('in time', 5 => sub { 'in time' }) or die 'cannot register';
# What a client with the prefix "space" calls "reverse".
$worker->register_function("space\treverse" => $functions{reverse}) or die 'cannot register';
print STDERR "ready\n";
eval { $worker->work while 1 };
# Gearman::Worker sends WORK_FAIL behind WORK_EXCEPTION and does not bear the answer that there is no such job any more.
print STDERR "the worker ended: $@";
exec $^X, $0, @ARGV;
