<?php
# Starts a job in the background and looks now and then how far it is.

$client = new GearmanClient();
$client->addServer();
$handle = $client->doBackground('reverse_in_steps', 'in the background');
if ($client->returnCode() != GEARMAN_SUCCESS) {
    echo "bad return code\n";
    exit(1);
}
do {
    usleep(1000);
    list($known) = $client->jobStatus($handle);
} while ($known);
echo "done!\n";
