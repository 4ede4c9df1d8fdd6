package loggin.android

import android.content.ActivityNotFoundException
import android.content.Context
import android.content.Intent
import android.net.Uri
import loggin.CreatedToken

/**
 * An intent that opens WhatsApp or WhatsApp Business, whichever the person has, with the message written.
 *
 * It names no package: the system asks who takes the link. Where nobody does, the browser shows WhatsApp's page, on
 * which WhatsApp can be installed.
 */
public fun CreatedToken.whatsappIntent(): Intent =
    Intent(Intent.ACTION_VIEW, Uri.parse(whatsappUrl)).addCategory(Intent.CATEGORY_BROWSABLE)

/**
 * Opens WhatsApp, or its page, with the message of this login written.
 *
 * @return false where nothing on the device opens links: show [CreatedToken.qrSvg], to be scanned with another phone.
 */
public fun Context.openWhatsApp(login: CreatedToken): Boolean = try {
    // A context that is no activity has no task of its own to open it in.
    startActivity(login.whatsappIntent().addFlags(Intent.FLAG_ACTIVITY_NEW_TASK))
    true
} catch (_: ActivityNotFoundException) {
    false
}
