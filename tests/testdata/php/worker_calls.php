<?php
/* Every call of GearmanWorker and GearmanJob, worker and client in one process. Arguments: PORT */
require __DIR__ . '/transcript.php';
[, $port] = $argv;

function functions(string $port): array
{
    return array_values(preg_grep('/^w_/', admin($port, 'status')));
}
/** Lines of "workers" with a function or a name of this script's, without descriptor and address. */
function workers(string $port): array
{
    $lines = preg_grep('/ : .*w_|calls/', admin($port, 'workers'));
    return array_values(preg_replace('/^\S+ \S+ /', '', $lines));
}
/**
 * Lets the worker send what it has to say about its functions; there is no job. An answer that came later than
 * this time-out would confuse libgearman.
 */
function idle(GearmanWorker $worker): void
{
    $worker->setTimeout(500);
    say('idle', @$worker->work(), $worker->returnCode());
    $worker->setTimeout(-1);
}

/** Waits until no connection has a function of this script's. */
function untilNobodyWorks(string $port): void
{
    while (preg_grep('/^w_.*\t[1-9][0-9]*$/', admin($port, 'status'))) {
    }
}

/** Waits until a job is finished. */
function finished(GearmanClient $client, string $handle): bool
{
    while ($client->jobStatus($handle)[0]) {
    }
    return true;
}

$client = client($port);
$worker = new GearmanWorker();
say('options', $worker->options(), $worker->timeout());
say('addServers', $worker->addServers("127.0.0.1:$port"));
say('work without functions', @$worker->work(), $worker->returnCode() === GEARMAN_NO_REGISTERED_FUNCTIONS);
say('setId', $worker->setId('worker-calls'));
say('addFunction', $worker->addFunction('w_first', fn ($job) => 'first', null, 0));
say('addFunction', $worker->addFunction('w_second', fn ($job) => 'second', null, 5));
say('register', $worker->register('w_third'), $worker->register('w_fourth', 3));
say('ping', $worker->ping('x'), $worker->returnCode());
idle($worker);
say('registered', functions($port), workers($port));
say('unregister', $worker->unregister('w_first'), $worker->unregister('w_fourth'));
say('unregister, unknown', @$worker->unregister('w_unknown'), $worker->returnCode());
idle($worker);
say('after unregister', functions($port), workers($port));
say('unregisterAll', $worker->unregisterAll());
idle($worker);
untilNobodyWorks($port);
say('after unregisterAll', functions($port), workers($port));
say('once more', $worker->addFunction('w_first', fn ($job) => 'first'));
idle($worker);
say('after addFunction', functions($port), workers($port));
say('timeout', $worker->timeout());
unset($worker);

$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int) $port);
$worker->addFunction('w_first', fn ($job) => 'first');
$handle = $client->doBackground('w_first', 'x');
say('work', $worker->work(), $worker->returnCode());
say('done', finished($client, $handle));

// Without waiting.
$worker->addOptions(GEARMAN_WORKER_NON_BLOCKING);
say('non-blocking', $worker->options() & GEARMAN_WORKER_NON_BLOCKING);
do {
    $worked = @$worker->work();
    $code = $worker->returnCode();
} while ($code === GEARMAN_IO_WAIT && $worker->wait());
say('no jobs', $worked, $code === GEARMAN_NO_JOBS || $code === GEARMAN_TIMEOUT);
unset($worker);

// Priorities and the job's own view of itself.
$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int) $port);
$worker->addFunction('w_order', function (GearmanJob $job, mixed $context) use ($client) {
    say('order', $job->workload(), $job->unique(), $context, $job->workloadSize(), form($job->handle()));
    $running = $client->jobStatus($job->handle());
    say('running', $running);
    say('sendStatus', $job->sendStatus(1, 3));
    return $job->workload();
}, 'the context');
$client->doLowBackground('w_order', 'low 1', 'u-low-1');
$client->doLowBackground('w_order', 'low 2', 'u-low-2');
$client->doBackground('w_order', 'normal 1', 'u-normal-1');
$client->doHighBackground('w_order', 'high 1', 'u-high-1');
$client->doBackground('w_order', 'normal 2', 'u-normal-2');
$client->doHighBackground('w_order', 'high 2', 'u-high-2');
for ($i = 0; $i < 6; $i++) {
    $worker->work();
}

// A job that outlives its function's time-out goes to the next worker.
$slow = new GearmanWorker();
$slow->addServers("127.0.0.1:$port");
$quick = new GearmanWorker();
$quick->addServers("127.0.0.1:$port");
$quick->addFunction('w_slow', fn (GearmanJob $job) => say('the second worker has it', $job->unique()));
$slow->addFunction('w_slow', function (GearmanJob $job) use ($quick) {
    say('the first worker has it', $job->unique());
    $quick->work();
    return 'too late';
}, null, 1);
$handle = $client->doBackground('w_slow', 'x', 'u-slow');
say('late result', @$slow->work());
say('done by the second', finished($client, $handle));

// A worker that goes away during a job gives it back.
$worker = new GearmanWorker();
$worker->addServers("127.0.0.1:$port");
$worker->register('w_leaves');
$handle = $client->doBackground('w_leaves', 'x', 'u-leaves');
$job = $worker->grabJob();
say('grabbed', get_class($job), $job->functionName(), $job->unique(), $job->workload(), $job->returnCode());
say('running', $client->jobStatus($handle));
say('sendData', $job->sendData('x'), $job->sendWarning('x'), $job->sendStatus(1, 2));
do {
    $status = $client->jobStatus($handle);
} while ($status[3] === 0);
say('status', $status);
unset($job, $worker);
do {
    $status = $client->jobStatus($handle);
} while ($status[1]);
say('given back', $status);
$worker = new GearmanWorker();
$worker->addServers("127.0.0.1:$port");
$worker->register('w_leaves');
$job = $worker->grabJob();
say('grabbed again', $job->unique(), form($job->handle()), $job->handle() === $handle);
say('sendComplete', $job->sendComplete('x'));
idle($worker);
say('completed', finished($client, $handle));
$client->doBackground('w_leaves', 'x', 'u-fails');
$job = $worker->grabJob();
say('sendFail', $job->sendFail());
$client->doBackground('w_leaves', 'x', 'u-raises');
$job = $worker->grabJob();
say('sendException', $job->sendException('x'));
idle($worker);
say('nothing left', functions($port));
