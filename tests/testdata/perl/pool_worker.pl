# A program of a pool for `cogd work` (docs/work.md). The workload says what to do.
use strict;
use warnings;

$| = 1;
binmode STDIN;
binmode STDOUT;

sub reply {
    my ( $type, $data ) = @_;
    printf "{\"type\":\"%s\",\"bytes\":%d}\n%s", $type, length $data, $data;
}

my $mode = shift // '';
if ( $mode eq 'broken' ) { print STDERR "cannot find my library\n"; exit 2; }
if ( $mode eq 'silent' ) { sleep 1000; }
print "{\"type\":\"ready\"}\n";
if ( $mode eq 'weary' ) { exit 0; }

while ( my $line = <STDIN> ) {
    my ($bytes) = $line =~ /"bytes":(\d+)/;
    my $workload = '';
    read STDIN, $workload, $bytes if $bytes > 0;
    if ( $workload eq 'die' )       { print STDERR "last words\n"; exit 3; }
    if ( $workload eq 'hang' )      { $SIG{TERM} = 'IGNORE'; sleep 1000; }
    if ( $workload eq 'pid' )       { reply( 'complete', $$ ); next; }
    if ( $workload eq 'fail' )      { reply( 'fail', 'no such order' ); next; }
    if ( $workload eq 'exception' ) { reply( 'exception', 'no such order' ); next; }
    if ( $workload eq 'babble' )    { print "hello\n"; next; }
    if ( $workload eq 'flood' )     { print "{\"type\":\"complete\",\"bytes\":999999999}\n"; next; }
    if ( $workload eq 'grow' )      { our $held = 'x' x ( $bytes * 10_000_000 ); reply( 'complete', '' ); next; }
    if ( $workload eq 'report' ) {
        print "{\"type\":\"status\",\"numerator\":1,\"denominator\":2}\n";
        reply( 'data', 'piece' );
        reply( 'warning', 'careful' );
    }
    reply( 'complete', scalar reverse $workload );
}
