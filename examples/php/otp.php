<?php
// Signs somebody in with a one-time code, with PHP's curl extension alone. Against `loggin-server dev` it runs as it
// stands:
//
//   php examples/php/otp.php +919876543210

declare(strict_types=1);

/** A response that is an error. The code is for a program, the message for a developer. */
final class LogginError extends RuntimeException
{
    public function __construct(
        public readonly string $errorCode,
        string $message,
        public readonly ?int $attemptsLeft,
        public readonly ?int $retryAfter,
    ) {
        parent::__construct("$errorCode: $message");
    }
}

/** Calls the server. A call whose response got lost is made again with the same key: it is the same call then. */
function loggin(string $path, array $body): array
{
    $key = getenv('LOGGIN_SECRET_KEY') ?: 'lgsk_8XKPQ2WN_DEM0DEM0DEM0DEM0DEM0DEM0DEM0DEM0'; // of `loggin-server dev`
    $call = curl_init((getenv('LOGGIN_BASE_URL') ?: 'http://127.0.0.1:8787') . "/api/v1/auth/$path");
    curl_setopt_array($call, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => json_encode($body, JSON_THROW_ON_ERROR),
        CURLOPT_HTTPHEADER => [
            "Authorization: Bearer $key",
            'Content-Type: application/json',
            'Idempotency-Key: ' . bin2hex(random_bytes(16)),
        ],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => 5,
        CURLOPT_TIMEOUT => 10,
    ]);
    $text = curl_exec($call);
    if ($text === false) {
        $text = curl_exec($call);
    }
    if ($text === false) {
        throw new LogginError('connection', curl_error($call), null, null);
    }
    $response = json_decode($text, true, flags: JSON_THROW_ON_ERROR);
    if (curl_getinfo($call, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new LogginError(
            $response['error'],
            $response['message'],
            $response['attempts_left'] ?? null,
            $response['retry_after'] ?? null,
        );
    }
    return $response;
}

$session = loggin('start', ['phone' => $argv[1], 'meta' => ['from' => 'php']]);
while (true) {
    echo 'Code that WhatsApp shows: ';
    try {
        $result = loggin('verify', ['session_id' => $session['session_id'], 'otp_code' => trim(fgets(STDIN))]);
        break;
    } catch (LogginError $error) {
        if ($error->attemptsLeft === null) {
            throw $error;
        }
        echo "That was not it; {$error->attemptsLeft} tries left.\n";
    }
}
echo "Signed in: +{$result['phone']} at {$result['verified_at']}\n";
