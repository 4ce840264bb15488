<?php
/* Every call of GearmanClient that submits one job or asks about one. Arguments: PORT FILE */
require __DIR__ . '/transcript.php';
[, $port, $file] = $argv;
$client = client($port);

foreach (['doNormal', 'doHigh', 'doLow'] as $call) {
    say($call, $client->$call('reverse', 'Hello!'), $client->returnCode());
    say("$call, unique", $client->$call('reverse', 'Hello!', "$call-1"), $client->returnCode());
}
say('binary', md5($client->doNormal('echo', str_repeat(implode('', array_map('chr', range(0, 255))), 999))));
say('size', $client->doNormal('size', str_repeat("\0", 300_000)), md5(str_repeat("\0", 300_000)));
say('big result', md5($client->doNormal('big', '2000000')), md5(str_repeat("\x00\xff", 1_000_000)));
say('empty', $client->doNormal('size', ''), $client->returnCode());
say('nothing', $client->doNormal('nothing', 'x'), $client->returnCode());
say('data is joined', $client->doNormal('pieces', 'abc'), $client->returnCode());
say('progress', $client->doNormal('progress', 'x'), $client->returnCode());
say('sendComplete', $client->doNormal('completes', 'x'), $client->returnCode());
say('sendFail', $client->doNormal('fails', 'x'), $client->returnCode() === GEARMAN_WORK_FAIL);
say('setReturn', $client->doNormal('fails_by_return', 'x'), $client->returnCode() === GEARMAN_WORK_FAIL);
say('works after a failure', $client->doNormal('reverse', 'ab'), $client->returnCode());

// addServer switches exceptions on unless it is told not to.
say('exception', $client->doNormal('raises', 'x'), $client->returnCode() === GEARMAN_WORK_EXCEPTION);
$details = json_decode($client->doNormal('details', 'the workload', 'the unique id'), true);
say('job', form($details['handle']), array_slice($details, 1));
$details = json_decode($client->doNormal('details', 'w'), true);
say('own unique id', strlen($details['unique']), $details['workload'], $details['size']);
say('doStatus, idle', $client->doStatus(), form($client->doJobHandle()));

say('ping', $client->ping('hello'), $client->returnCode());
say('ping, bytes', $client->ping("\x00\xff\r\n"), $client->returnCode());

$waiting = $client->doBackground('waits', $file, 'waiting-1');
say('doBackground', form($waiting), $client->returnCode());
while ($client->jobStatus($waiting) !== [true, true, 3, 7]) {
}
say('jobStatus, running', $client->jobStatus($waiting), $client->returnCode());
// libgearman's client waits for ever in the call after this one, with every server: hence a new one.
$asking = client($port);
say('jobStatusByUniqueKey', $asking->jobStatusByUniqueKey('waiting-1'), $asking->returnCode());
$queued = [];
foreach (['doBackground', 'doHighBackground', 'doLowBackground'] as $call) {
    $queued[$call] = $client->$call('nobody_does_this', $call);
    say($call, form($queued[$call]), $client->returnCode(), $client->jobStatus($queued[$call]));
    $same = $client->$call('nobody_does_this', 'x', 'same');
    say("$call, same unique id", $same === ($queued['same'] ??= $same));
    say('status by unique id', client($port)->jobStatusByUniqueKey('same'));
}
say('distinct handles', count(array_unique($queued)));
say('unknown handle', $client->jobStatus('H:nowhere:999999'), $client->returnCode());
say('unknown unique id', client($port)->jobStatusByUniqueKey('nobody has this'));
say('status', preg_grep('/^nobody|^waits/', admin($port, 'status')));
say('prioritystatus', preg_grep('/^nobody|^waits/', admin($port, 'prioritystatus')));

// Joins the job that runs in the background.
touch($file);
say('joined', in_array($client->doNormal('waits', $file, 'waiting-1'), ['waited']), $client->returnCode());
while ($client->jobStatus($waiting)[0]) {
}
say('jobStatus, done', $client->jobStatus($waiting), $client->returnCode());
say('distinct workloads', $client->doNormal('echo', 'x', '-'), $client->doNormal('echo', 'y', '-'));
