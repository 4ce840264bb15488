<?php
/*
 * A client that did not ask for exceptions sees a failure. Not for C gearmand 1.1.20: a NUL at the end of its WORK_FAIL
 * makes libgearman wait for ever. Arguments: PORT
 */
require __DIR__ . '/transcript.php';
$client = new GearmanClient();
$client->addServer('127.0.0.1', (int) $argv[1], false);
say('no exceptions', $client->doNormal('raises', 'x'), $client->returnCode() === GEARMAN_WORK_FAIL);
$client->setFailCallback(fn (GearmanTask $task) => say('fail callback', $task->functionName()));
$client->addTask('raises', 'x');
say('runTasks', $client->runTasks());
$client = new GearmanClient();
$client->addServer('127.0.0.1', (int) $argv[1], false);
say('enable', $client->enableExceptionHandler());
say('exceptions', $client->doNormal('raises', 'x'), $client->returnCode() === GEARMAN_WORK_EXCEPTION);
$client->setExceptionCallback(fn (GearmanTask $task) => say('exception callback', $task->data()));
$client->addTask('raises', 'x');
say('runTasks', $client->runTasks());
