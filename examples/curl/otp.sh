#!/usr/bin/env bash
# Signs somebody in with a one-time code: two calls of the REST API. Against `loggin-server dev` it runs as it stands.
#
#   examples/curl/otp.sh +919876543210
set -euo pipefail

: "${LOGGIN_BASE_URL:=http://127.0.0.1:8787}"
: "${LOGGIN_SECRET_KEY:=lgsk_8XKPQ2WN_DEM0DEM0DEM0DEM0DEM0DEM0DEM0DEM0}" # of `loggin-server dev`

started=$(curl -sS --fail-with-body -X POST "$LOGGIN_BASE_URL/api/v1/auth/start" \
  -H "X-Api-Key: $LOGGIN_SECRET_KEY" \
  -H "Content-Type: application/json" \
  -d "{\"phone\": \"$1\"}") || { echo "$started"; exit 1; }
session_id=$(sed -E 's/.*"session_id": ?"([^"]+)".*/\1/' <<<"$started")

read -rp "Code that WhatsApp shows: " otp_code

curl -sS --fail-with-body -X POST "$LOGGIN_BASE_URL/api/v1/auth/verify" \
  -H "Authorization: Bearer $LOGGIN_SECRET_KEY" \
  -H "Content-Type: application/json" \
  -d "{\"session_id\": \"$session_id\", \"otp_code\": \"$otp_code\"}"
echo
