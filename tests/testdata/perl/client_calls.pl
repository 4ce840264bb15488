#!/usr/bin/perl
# What Gearman::Client can do, with the functions of functions_worker.pl. Prints the same with every server.
#
# Arguments: PORT FILE
use strict;
use warnings;
use Digest::MD5 'md5_hex';
use Gearman::Client;

$| = 1;
my ($port, $file) = @ARGV;
sub client { Gearman::Client->new(job_servers => ["127.0.0.1:$port"], @_) }

# Plain text of a value; bytes beyond ASCII as their codes.
sub plain {
    my ($value) = @_;
    return '(undef)' unless defined $value;
    $value = $$value if ref $value eq 'SCALAR';
    return '(undef)' unless defined $value;
    $value =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
    return $value;
}
sub say_it { print shift, ': ', join(' ', map { plain($_) } @_), "\n" }
sub form { (shift // '') =~ m{^127\.0\.0\.1:\d+//H:[^:]+:\d+$} ? 'handle' : 'no handle' }

my $client = client();
say_it('do_task', $client->do_task(reverse => 'Hello!'));
say_it('reference', $client->do_task('reverse', \'Hello!'));
say_it('no argument', $client->do_task('sized'));
say_it('high priority', $client->do_task(reverse => 'high', {priority => 'high'}));
say_it('low priority', $client->do_task(reverse => 'low', {priority => 'low'}));
my $bytes = join('', map { chr } 0 .. 255) x 999;
say_it('bytes', md5_hex(${ $client->do_task(echo => $bytes) }) eq md5_hex($bytes) ? 'equal' : 'differ');
my $large = "\0\xff" x 1_500_000;
say_it('large', md5_hex(${ $client->do_task(echo => $large) }) eq md5_hex($large) ? 'equal' : 'differ');
say_it('undefined result', $client->do_task(nothing => 'x'));
say_it('function with a space', $client->do_task('in time' => 'x'));

# Callbacks of one call.
sub callbacks {
    my ($title) = @_;
    return (
        on_complete  => sub { say_it("$title complete", @_) },
        on_fail      => sub { say_it("$title fail", scalar @_) },
        on_status    => sub { say_it("$title status", @_) },
        on_data      => sub { say_it("$title data", @_) },
        on_warning   => sub { say_it("$title warning", @_) },
        on_exception => sub { say_it("$title exception", @_) },
    );
}
for my $function (qw(progress pieces reverse nothing)) {
    client()->do_task($function => 'abc', {callbacks($function)});
}

# A set of tasks. What comes for one task keeps its order; the sets' order is the worker's.
my %seen;
my $set = $client->new_task_set;
for my $name (qw(reverse progress sized nothing)) {
    my $note = sub { my $what = shift; sub { push @{ $seen{$name} }, join ' ', $what, map { plain($_) } @_ } };
    my $handle = $set->add_task($name => "set $name", {
        on_complete => $note->('complete'),
        on_fail     => $note->('fail'),
        on_status   => $note->('status'),
        uniq        => "u-$name",
    });
    say_it("add_task $name", form($handle));
}
$set->wait;
say_it("set $_", join ', ', @{ $seen{$_} }) for sort keys %seen;

my ($sum, $count) = (0, 0);
$set = $client->new_task_set;
$set->add_task(reverse => $_, {on_complete => sub { $sum += reverse ${ $_[0] }; $count++ }}) for 1 .. 500;
$set->wait;
say_it('five hundred tasks', $count, $sum);

# Two tasks with one unique ID both get a result; with "-" the argument is the ID.
my @shared;
$set = $client->new_task_set;
$set->add_task(reverse => 'derahs', {uniq => 'shared', on_complete => sub { push @shared, ${ $_[0] } }}) for 1 .. 2;
$set->wait;
say_it('shared', @shared);
my @same = map { $client->dispatch_background(nobody => 'same argument', {uniq => '-'}) } 1 .. 2;
say_it('dash', form($same[0]), $same[0] eq $same[1] ? 'equal' : 'differ');

# In the background.
my $handle = $client->dispatch_background(nobody => 'x');
my $status = $client->get_status($handle);
say_it('background', form($handle), $status->known, $status->running, plain($status->percent));
say_it('background, high', form($client->dispatch_background(nobody => 'y', {priority => 'high'})));
say_it('background, low', form($client->dispatch_background(nobody => 'z', {priority => 'low'})));
$status = $client->get_status("127.0.0.1:$port//H:nowhere:999999");
say_it('unknown', $status->known, $status->running);
$handle = $client->dispatch_background(progress => 'x');
1 while $client->get_status($handle)->known;
say_it('finished', $client->get_status($handle)->known);

# A worker that goes away in the middle.
say_it('once more', $client->do_task(once_more => $file));

# A task's own time-out, on the client's side.
say_it('nobody does it', client()->do_task(nobody_at_all => 'x', {timeout => 0.5, callbacks('late')}));

# The text commands.
my $answer = client()->get_job_server_status;
my ($functions) = values %$answer;
say_it('status', map { "$_=" . join '/', @{ $functions->{nobody} }{qw(queued running capable)} } 'nobody');
my ($clients) = values %{ client()->get_job_server_clients };
say_it('jobs of clients', defined $clients ? 'answered' : 'not answered');

my $prefixed = client(prefix => 'space');
say_it('prefix', $prefixed->do_task(reverse => 'xiferp'));
