<?php
# Several jobs at the same time.

$client = new GearmanClient();
$client->addServer();
$client->setCreatedCallback(function ($task) {
    echo 'CREATED: ', preg_match('/^H:.*:\d+$/', $task->jobHandle()) ? 'with a handle' : '', "\n";
});
$client->setStatusCallback(function ($task) {
    echo 'STATUS: ', $task->unique(), ' ', $task->taskNumerator(), '/', $task->taskDenominator(), "\n";
});
$client->setDataCallback(function ($task) {
    echo 'DATA: ', $task->data(), "\n";
});
$client->setCompleteCallback(function ($task) {
    echo 'COMPLETE: ', $task->unique(), ', ', $task->data(), "\n";
});
$client->setFailCallback(function ($task) {
    echo 'FAILED: ', $task->unique(), "\n";
});

$client->addTask('reverse_in_steps', 'ab', null, 'the task');
if (!$client->runTasks()) {
    echo 'ERROR ', $client->error(), "\n";
    exit(1);
}
echo "DONE\n";
