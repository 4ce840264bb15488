<?php
/*
 * What every script prints: one line per observation, the same with every server. Handles differ from
 * server to server, so only their form and whether two are equal may be printed.
 */
error_reporting(E_ALL);
set_error_handler(function (int $level, string $text): bool {
    $text = preg_replace('/\S+:\d+ failed/', 'ADDRESS failed', $text);
    echo '  PHP says: ', preg_replace('/ -> .*/s', '', $text), "\n";
    return true;
});

function say(string $what, mixed ...$values): void
{
    $shown = array_map(
        fn ($value) => json_encode($value, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE),
        $values,
    );
    echo $what, ': ', implode(' ', $shown), "\n";
}

/** The handle's form instead of the handle. */
function form(mixed $handle): mixed
{
    return preg_match('/^H:[^:]+:[0-9]+$/', (string) $handle) ? 'handle' : $handle;
}

function client(string $port): GearmanClient
{
    $client = new GearmanClient();
    $client->addServer('127.0.0.1', (int) $port);
    return $client;
}

/** What a server's text command answers: its lines, without the final dot. */
function admin(string $port, string $command): array
{
    $socket = fsockopen('127.0.0.1', (int) $port);
    fwrite($socket, "$command\r\n");
    $lines = [];
    while (($line = fgets($socket)) !== false && $line !== ".\n") {
        $lines[] = rtrim($line);
        if (preg_match('/^(OK|ERR)/', $line)) {
            break;
        }
    }
    fclose($socket);
    sort($lines);
    return $lines;
}
