<?php
/* A client with several servers. Arguments: PORT PORT */
require __DIR__ . '/transcript.php';
[, $first, $second] = $argv;

// Without exceptions: to switch them on with several servers makes libgearman wait for ever now and then.
$client = new GearmanClient();
$client->addServer('127.0.0.1', (int) $first, false);
$client->addServer('127.0.0.1', (int) $second, false);
say('foreground', $client->doNormal('reverse', 'ab'), $client->returnCode());
$client->setCompleteCallback(function (GearmanTask $task) use (&$results) {
    $results[] = $task->data();
});
for ($i = 10; $i < 30; $i++) {
    $client->addTask('reverse', "$i", null, "task-$i");
}
say('tasks', $client->runTasks(), $client->returnCode());
sort($results);
say('results', implode(' ', $results));

// One worker serves both.
foreach ([$first, $second] as $port) {
    $alone = client($port);
    $handle = $alone->doBackground('reverse', 'x');
    while ($alone->jobStatus($handle)[0]) {
    }
    say('in the background', $alone->returnCode());
}
$both = new GearmanClient();
say('addServers', $both->addServers("127.0.0.1:$first,127.0.0.1:$second", false));
say('result', $both->doHigh('reverse', 'cd'), $both->returnCode());
