<?php
/* What GearmanClient and GearmanWorker answer when something is wrong. Arguments: PORT */
require __DIR__ . '/transcript.php';
[, $port] = $argv;

// The numbers are libgearman's: 26 no connection, 42 queue error, 47 time-out, 49 wrong argument.
$code = fn (GearmanClient|GearmanWorker $who) => $who->returnCode();

$client = client($port);
say('echo', $client->ping('x'), $code($client));
say('no function', @$client->doNormal('', 'x'), $code($client));
say('function of 512', strlen(@$client->doBackground(str_repeat('f', 512), 'x')) > 0, $code($client));
say('function of 513', @$client->doBackground(str_repeat('f', 513), 'x'), $code($client));
say('unique ID of 64', strlen(@$client->doBackground('e_unique', 'x', str_repeat('u', 64))) > 0, $code($client));
$client = client($port);
say('unique ID of 65', @$client->doBackground('e_unique', 'x', str_repeat('u', 65)) === '', $code($client));

$client = client($port);
$client->setTimeout(20);
say('timeout', $client->timeout());
say('nobody works', @$client->doNormal('e_nobody', 'x'), $code($client));

admin($port, 'create function e_full');
say('maxqueue', admin($port, 'maxqueue e_full 1'));
$client = client($port);
say('first', strlen($client->doBackground('e_full', 'x', 'a')) > 0, $code($client));
say('second', @$client->doBackground('e_full', 'x', 'b'), $code($client));
say('the first again', strlen($client->doBackground('e_full', 'x', 'a')) > 0, $code($client));

$client = client($port);
$client->setFailCallback(fn (GearmanTask $task) => say('fail callback', $task->unique()));
$client->addTask('e_full', 'x', null, 'c');
say('task of a full queue', @$client->runTasks(), $code($client));

$nowhere = new GearmanClient();
try {
    say('no such server', @$nowhere->addServer('127.0.0.1', 1));
} catch (GearmanException $exception) {
    say('no such server', get_class($exception));
}
say('call', @$nowhere->doNormal('reverse', 'x'), $code($nowhere));
say('background call', @$nowhere->doBackground('reverse', 'x'), $code($nowhere));
say('ping', @$nowhere->ping('x'), $code($nowhere));
$worker = new GearmanWorker();
try {
    $worker->addServer('127.0.0.1', 1);
} catch (GearmanException $exception) {
    say('no such server', get_class($exception));
}
$worker->setTimeout(20);
$worker->addFunction('reverse', fn ($job) => 'x');
say('work', @$worker->work(), $code($worker));

// The first server is away: the second is used.
$both = new GearmanClient();
$both->addServer('127.0.0.1', 1, false);
$both->addServer('127.0.0.1', (int) $port, false);
say('second server', @$both->doBackground('e_both', 'x') !== '', $code($both));
say('it has it', array_values(preg_grep('/^e_both/', admin($port, 'status'))));
