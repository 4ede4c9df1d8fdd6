//! The values that labels of metrics take. Each set is closed: no value is of one person, app or address.

use super::instruments::LabelSet;

/// Defines an enumeration that is one label: its name, and the text of each value.
macro_rules! label {
    ($(#[$doc:meta])+ $name:ident = $label:literal { $($(#[$value_doc:meta])+ $value:ident = $text:literal,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$value_doc])+ $value,)+
        }

        impl $name {
            /// The text of the value, which logs show too.
            #[allow(dead_code, reason = "not every label is logged")]
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }

        impl LabelSet for $name {
            const NAMES: &'static [&'static str] = &[$label];
            const COUNT: usize = [$(Self::$value),+].len();

            fn all() -> Vec<Self> {
                vec![$(Self::$value),+]
            }

            fn index(self) -> usize {
                self as usize
            }

            fn values(self) -> Vec<&'static str> {
                vec![self.as_str()]
            }
        }
    };
}

label! {
    /// How a login moved on.
    LoginOutcome = "outcome" {
        /// Somebody waits for it.
        Started = "started",
        /// Its message came, without a phone number.
        MessageReceived = "message_received",
        /// It waits for the digits to be typed.
        AwaitingConfirmation = "awaiting_confirmation",
        /// It is known who sent the message.
        Verified = "verified",
        /// It was redeemed.
        Claimed = "claimed",
        /// Its time was over first.
        Expired = "expired",
        /// Its sender, or too many wrong digits, ended it.
        Denied = "denied",
        /// The sender's number stayed hidden.
        PhoneHidden = "phone_hidden",
    }
}

label! {
    /// A message to a person, by what it says.
    ReplyKind = "kind" {
        /// The phone number is asked for.
        SharePhone = "share_phone",
        /// Digits to be typed where the login began.
        Digits = "digits",
        /// Digits to choose from, of which one row is shown where the login began.
        Match = "match",
        /// Somebody signed in, with the "not me" button.
        SignedIn = "signed_in",
    }
}

label! {
    /// A guard of one-time codes.
    GuardKind = "guard" {
        /// The countries that an app's codes go to.
        CountryNotAllowed = "country_not_allowed",
        /// The codes of a day.
        DayOfApp = "day_of_app",
        /// The codes of a day of one country.
        DayOfCountry = "day_of_country",
        /// The part of a country's codes that is typed.
        CountryPaused = "country_paused",
        /// The same of a range of numbers.
        RangePaused = "range_paused",
        /// What one address asks for.
        ClientSpread = "client_spread",
    }
}

label! {
    /// What a guard does.
    GuardDecision = "decision" {
        /// It refuses.
        Refused = "refused",
        /// It would, if the app's guards refused.
        WouldRefuse = "would_refuse",
    }
}

label! {
    /// What became of a message to a person.
    ReplyOutcome = "outcome" {
        /// It was stored, to be sent.
        Queued = "queued",
        /// WhatsApp took it.
        Sent = "sent",
        /// It was not sent, and will be tried again.
        Delayed = "delayed",
        /// Nobody knows whether WhatsApp took it, so it is not sent again.
        Ambiguous = "ambiguous",
        /// WhatsApp refused it.
        Refused = "refused",
        /// Its login ended before it was sent.
        Expired = "expired",
        /// It was more than one person, or one app, is sent.
        Capped = "capped",
    }
}

label! {
    /// A message to WhatsApp, by its form.
    SendKind = "kind" {
        /// A request for the person's number.
        ContactRequest = "contact_request",
        /// A text with buttons.
        Buttons = "buttons",
        /// A one-time code in a template.
        OneTimeCode = "one_time_code",
    }
}

label! {
    /// What WhatsApp said to a message.
    SendResult = "result" {
        /// It took it.
        Sent = "sent",
        /// Nobody knows whether it took it.
        Ambiguous = "ambiguous",
        /// The server's setting or message is wrong.
        Misconfigured = "misconfigured",
        /// Only the operator can fix it.
        Operator = "operator",
        /// It refuses this recipient or message.
        Permanent = "permanent",
        /// It may take it later.
        Retryable = "retryable",
    }
}

label! {
    /// Why a webhook call was refused.
    WebhookRefusal = "reason" {
        /// It is not signed with the app secret.
        Signature = "signature",
        /// It is signed, and no webhook.
        Unreadable = "unreadable",
        /// Whoever asks for the challenge does not know the verify token.
        VerifyToken = "verify_token",
    }
}

label! {
    /// What became of a try to deliver a webhook to an app.
    WebhookOutcome = "outcome" {
        /// The endpoint took it.
        Delivered = "delivered",
        /// It did not, and it is tried again.
        Failed = "failed",
        /// It did not for days, and is not tried again.
        GivenUp = "given_up",
        /// Its endpoint was disabled with that.
        Disabled = "disabled",
    }
}

label! {
    /// A failure of the store, by its kind.
    StoreFailure = "kind" {
        /// It takes no more work.
        Busy = "busy",
        /// SQLite failed.
        Database = "database",
        /// The file failed.
        File = "file",
        /// The file belongs to something else.
        Foreign = "foreign",
        /// A later version changed the tables.
        Newer = "newer",
        /// It does not store what it is given, or would not find it again.
        NotReady = "not_ready",
        /// A transaction failed.
        NotWritten = "not_written",
        /// A row has a value that no version wrote.
        Unreadable = "unreadable",
    }
}

label! {
    /// How a handshake of TLS ended.
    TlsHandshake = "result" {
        /// Both sides are content.
        Done = "done",
        /// The client went, or the two found nothing in common.
        Failed = "failed",
        /// The client took too long.
        Timeout = "timeout",
    }
}

label! {
    /// What became of the files of the certificate that were found new.
    CertificateLoad = "result" {
        /// They are in use.
        Loaded = "loaded",
        /// They cannot be used, so the ones before stay.
        Refused = "refused",
    }
}

label! {
    /// A limit that refused something: see `limits.rs`.
    Limit = "limit" {
        /// Calls of the admin API by one access key.
        AdminCalls = "admin_calls",
        /// Memory for large bodies.
        Bodies = "bodies",
        /// Bytes of a body.
        BodyBytes = "body_bytes",
        /// Time for a body to arrive.
        BodyTime = "body_time",
        /// Calls for one-time codes of an app's key.
        CallsPerMinute = "calls_per_minute",
        /// Connections of one address.
        ConnectionsPerAddress = "connections_per_address",
        /// Connections, or open files, of the whole server.
        Connections = "connections",
        /// Codes of the demo, sent and typed.
        Demo = "demo",
        /// Codes of the issuer's pages, sent to one address.
        HostedCodes = "hosted_codes",
        /// Wrong guesses of one-time codes.
        Guesses = "guesses",
        /// Messages with a code of one sender.
        MessagesPerSender = "messages_per_sender",
        /// One-time codes of an app in a month.
        MonthlyQuota = "monthly_quota",
        /// Calls of the OpenID issuer by one address, without a client's secret.
        OpenIdCalls = "openid_calls",
        /// Codes to one phone: one that was sent a moment ago, or too many in a row.
        PhoneCooldown = "phone_cooldown",
        /// Logins without a result of one app.
        PendingPerApp = "pending_per_app",
        /// Messages that an app's logins may cause in a day.
        RepliesPerApp = "replies_per_app",
        /// Messages that one person is sent in an hour.
        RepliesPerPerson = "replies_per_person",
        /// Bytes that a client sends into its stream.
        StreamInput = "stream_input",
        /// Streams of one address.
        StreamsPerAddress = "streams_per_address",
        /// Tokens in one call.
        TokensPerCall = "tokens_per_call",
        /// Ended logins that are remembered of one app.
        TombstonesPerApp = "tombstones_per_app",
        /// Tokens that one address waits for.
        WaitsPerAddress = "waits_per_address",
        /// Events that wait for one endpoint of webhooks.
        WebhooksWaiting = "webhooks_waiting",
        /// Time in which a client takes what is written.
        WriteTime = "write_time",
    }
}

label! {
    /// The method of a request.
    HttpMethod = "method" {
        /// `GET` or `HEAD`.
        Get = "GET",
        /// `POST`.
        Post = "POST",
        /// `OPTIONS`: a preflight.
        Options = "OPTIONS",
        /// Any other.
        Other = "other",
    }
}

label! {
    /// The class of a response's status.
    HttpStatus = "status" {
        /// 1xx or 2xx.
        Success = "2xx",
        /// 3xx.
        Redirection = "3xx",
        /// 4xx.
        ClientError = "4xx",
        /// 5xx.
        ServerError = "5xx",
        /// None: the client went before there was a response.
        Cancelled = "cancelled",
    }
}
