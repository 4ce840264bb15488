<?php
/* addTask in all its forms and runTasks with every callback. Arguments: PORT */
require __DIR__ . '/transcript.php';
[, $port] = $argv;

$events = [];
$noting = function (string $what, callable $detail): callable {
    return function (GearmanTask $task, mixed $context = null) use ($what, $detail) {
        global $events;
        $events[(string) $context][] = [$what, $detail($task)];
    };
};
/** A client all of whose callbacks write down what came, by the task's context. */
function watcher(callable $noting, string $port): GearmanClient
{
    $client = client($port);
    $data = fn (GearmanTask $task) => $task->data();
    $fraction = fn (GearmanTask $task) => [$task->taskNumerator(), $task->taskDenominator()];
    $client->setCreatedCallback($noting('created', fn ($task) => form($task->jobHandle())));
    $client->setDataCallback($noting('data', $data));
    $client->setWarningCallback($noting('warning', $data));
    $client->setStatusCallback($noting('status', $fraction));
    $client->setCompleteCallback($noting('complete', $data));
    $client->setExceptionCallback($noting('exception', $data));
    $client->setFailCallback($noting('fail', fn ($task) => $task->returnCode()));
    return $client;
}
function report(string $title, GearmanClient $client): void
{
    global $events;
    echo "== $title\n";
    say('runTasks', $client->runTasks(), $client->returnCode());
    ksort($events);
    foreach ($events as $context => $list) {
        foreach ($list as [$what, $detail]) {
            say("$context $what", $detail);
        }
    }
    $events = [];
}

$client = watcher($noting, $port);
foreach (['addTask', 'addTaskHigh', 'addTaskLow'] as $call) {
    $task = $client->$call('progress', $call, "1 $call");
    say($call, get_class($task), $task->functionName(), strlen($task->unique()) > 0);
    $client->$call('reverse', $call, "2 $call reversed", "unique-$call");
}
report('three priorities', $client);

$client = watcher($noting, $port);
foreach (['addTaskBackground', 'addTaskHighBackground', 'addTaskLowBackground'] as $call) {
    $client->$call('nobody_does_this_task', $call, $call);
}
report('background', $client);
say('queued', preg_grep('/^nobody_does_this_task/', admin($port, 'prioritystatus')));

$client = watcher($noting, $port);
$client->addTask('pieces', 'abc', 'a pieces');
$client->addTask('completes', 'x', 'b completes');
$client->addTask('reverse', 'olleh', 'e reverse');
$client->addTask('nothing', 'x', 'f nothing');
report('data and results', $client);

$client = watcher($noting, $port);
$client->addTask('fails', 'x', 'a fails');
report('failure', $client);
$client = watcher($noting, $port);
$client->addTask('fails_by_return', 'x', 'a fails by return');
report('failure by return value', $client);
$client = watcher($noting, $port);
$client->addTask('raises', 'x', 'a raises');
report('exception', $client);

// One job, two tasks: both see its result.
$client = watcher($noting, $port);
$client->addTask('details', 'first', 'a', 'shared');
$client->addTask('details', 'first', 'b', 'shared');
$client->setCompleteCallback(function (GearmanTask $task, mixed $context) use (&$results) {
    $results[$context] = json_decode($task->data(), true);
});
report('two tasks with one unique id', $client);
say('both have the result', array_keys($results), $results['a']['unique'], $results['a']['workload']);

$client = watcher($noting, $port);
$sum = 0;
$client->setCompleteCallback(function (GearmanTask $task) use (&$sum) {
    $sum += (int) strrev($task->data());
});
for ($i = 1; $i <= 1000; $i++) {
    $client->addTask('reverse', (string) $i);
}
$client->setCreatedCallback(fn () => null);
report('a thousand tasks', $client);
say('their sum', $sum);

// One at a time: with two answers in one read libgearman forgets the first, with every server.
$handle = client($port)->doBackground('nobody_does_this_task', 'x', 'asked about');
foreach (['known' => $handle, 'unknown' => 'H:nowhere:999999'] as $context => $asked) {
    $client = watcher($noting, $port);
    $client->addTaskStatus($asked, $context);
    $client->setStatusCallback($noting('status', fn ($task) => [
        $task->isKnown(),
        $task->isRunning(),
        $task->taskNumerator(),
        $task->taskDenominator(),
    ]));
    report("addTaskStatus, $context", $client);
}

$client = watcher($noting, $port);
say('clearCallbacks', $client->clearCallbacks());
$task = $client->addTask('reverse', 'unseen', 'a');
report('no callbacks', $client);
say('the task itself', $task->data(), $task->dataSize(), $task->returnCode(), form($task->jobHandle()));

$client = client($port);
$client->setCreatedCallback(fn (GearmanTask $task) => GEARMAN_SUCCESS);
$client->setCompleteCallback(fn (GearmanTask $task) => GEARMAN_SUCCESS);
$client->addTask('reverse', 'tsrif', 'a');
report('callbacks that answer', $client);
report('no tasks at all', $client);
