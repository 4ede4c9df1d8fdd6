package loggin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import loggin.ffi.Update
import loggin.ffi.Watch

/** What is new about a watched login. */
public sealed interface LoginUpdate {
    /** WhatsApp handed over the message. */
    public data object MessageReceived : LoginUpdate

    /** The person was asked to type a code where the login began. */
    public data object AwaitingConfirmation : LoginUpdate

    /** The person was asked to choose these two digits in WhatsApp: show them where the login began. */
    public data class AwaitingMatch(public val digits: String) : LoginUpdate

    /** A step that this version does not know, from a newer server: its name in the protocol. */
    public data class Unrecognized(public val status: String) : LoginUpdate

    /** The person has signed in: the last update. Printing it shows no phone number. */
    public data class Verified(
        /** Who it was, as this device is told. */
        public val session: Session,
    ) : LoginUpdate
}

/** The updates of one login, each collection with a native watch of its own. */
internal fun updates(begin: () -> Watch): Flow<LoginUpdate> = flow {
    begin().use { watch ->
        do {
            val update = updateOf(translated { watch.next() })
            emit(update)
        } while (update !is LoginUpdate.Verified)
    }
}

private fun updateOf(native: Update): LoginUpdate = when (native) {
    is Update.MessageReceived -> LoginUpdate.MessageReceived
    is Update.AwaitingConfirmation -> LoginUpdate.AwaitingConfirmation
    is Update.AwaitingMatch -> LoginUpdate.AwaitingMatch(native.digits)
    is Update.Unrecognized -> LoginUpdate.Unrecognized(native.status)
    is Update.Verified -> LoginUpdate.Verified(native.session.use(::Session))
}
