<?php
# The simplest client.

$client = new GearmanClient();
$client->addServer();
do {
    $result = $client->doNormal('reverse', 'Hello!');
    switch ($client->returnCode()) {
        case GEARMAN_WORK_DATA:
            echo "Data: $result\n";
            break;
        case GEARMAN_WORK_STATUS:
            list($numerator, $denominator) = $client->doStatus();
            echo "Status: $numerator/$denominator complete\n";
            break;
        case GEARMAN_WORK_FAIL:
            echo "Failed\n";
            exit;
        case GEARMAN_SUCCESS:
            break;
        default:
            echo 'Error: ', $client->error(), "\n";
            exit(1);
    }
} while ($client->returnCode() != GEARMAN_SUCCESS);
echo "Success: $result\n";
