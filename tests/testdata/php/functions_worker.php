<?php
/*
 * A worker with one function for each thing that a job can do. Serves until it is killed; says "ready" on
 * standard error when it begins.
 *
 * Arguments: PORT [PORT ...]
 */
$worker = new GearmanWorker();
foreach (array_slice($argv, 1) as $port) {
    $worker->addServer('127.0.0.1', (int) $port);
}
$worker->setId('php functions');

$functions = [
    'reverse' => fn (GearmanJob $job) => strrev($job->workload()),
    'echo' => fn (GearmanJob $job) => $job->workload(),
    'nothing' => function (GearmanJob $job) {
    },
    'size' => fn (GearmanJob $job) => $job->workloadSize() . ' ' . md5($job->workload()),
    'big' => fn (GearmanJob $job) => str_repeat("\x00\xff", (int) $job->workload() >> 1),
    'details' => fn (GearmanJob $job) => json_encode([
        'handle' => $job->handle(),
        'unique' => $job->unique(),
        'function' => $job->functionName(),
        'workload' => $job->workload(),
        'size' => $job->workloadSize(),
        'code' => $job->returnCode(),
    ]),
    'pieces' => function (GearmanJob $job) {
        foreach (str_split($job->workload()) as $piece) {
            $job->sendData($piece);
        }
        return 'end';
    },
    'progress' => function (GearmanJob $job) {
        $job->sendStatus(0, 2);
        $job->sendWarning('half way');
        $job->sendStatus(1, 2);
        $job->sendData('a part');
        $job->sendStatus(2, 2);
        return 'all of ' . $job->workload();
    },
    'completes' => function (GearmanJob $job) {
        $job->sendComplete('completed by hand');
    },
    'fails' => function (GearmanJob $job) {
        $job->sendData('before the failure');
        $job->sendFail();
    },
    'fails_by_return' => function (GearmanJob $job) {
        $job->setReturn(GEARMAN_WORK_FAIL);
        return 'nobody sees this';
    },
    'raises' => function (GearmanJob $job) {
        $job->sendException('it went wrong: ' . $job->workload());
    },
    // Runs until somebody gives the file's name a file.
    'waits' => function (GearmanJob $job) {
        $job->sendStatus(3, 7);
        while (!file_exists($job->workload())) {
            usleep(2000);
            clearstatcache();
        }
        return 'waited';
    },
];
foreach ($functions as $name => $function) {
    $worker->addFunction($name, $function);
}

fwrite(STDERR, "ready\n");
while (true) {
    if (!@$worker->work()) {
        fwrite(STDERR, 'work: ' . $worker->returnCode() . ' ' . $worker->error() . "\n");
        if ($worker->returnCode() === GEARMAN_COULD_NOT_CONNECT) {
            exit(1);
        }
    }
}
