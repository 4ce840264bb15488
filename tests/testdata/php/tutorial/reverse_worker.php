<?php
# The worker of every introduction to Gearman: it turns strings round.

$worker = new GearmanWorker();
$worker->addServer();
$worker->addFunction('reverse', 'reverse_it');
$worker->addFunction('reverse_in_steps', 'reverse_in_steps');
fwrite(STDERR, "ready\n");

while ($worker->work()) {
    if ($worker->returnCode() != GEARMAN_SUCCESS) {
        echo 'work() answered ', $worker->returnCode(), "\n";
        break;
    }
}

function reverse_it(GearmanJob $job)
{
    echo 'Received job ', $job->functionName(), "\n";
    return strrev($job->workload());
}

function reverse_in_steps(GearmanJob $job)
{
    $workload = $job->workload();
    $size = $job->workloadSize();
    for ($x = 0; $x < $size; $x++) {
        $job->sendStatus($x + 1, $size);
        $job->sendData(substr($workload, $x, 1));
    }
    return strrev($workload);
}
