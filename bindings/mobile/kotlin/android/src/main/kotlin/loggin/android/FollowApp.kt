package loggin.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.ConnectivityManager.NetworkCallback
import android.net.Network
import android.os.Handler
import android.os.Looper
import androidx.lifecycle.DefaultLifecycleObserver
import androidx.lifecycle.Lifecycle
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.ProcessLifecycleOwner
import loggin.Loggin

/**
 * Has the client follow the app: it hangs up once no screen of the app is seen any more, and connects anew when one is
 * again and when the device's network changes. Waits go on meanwhile.
 *
 * Call it on the main thread, once for a client: best where `Application.onCreate` makes it.
 *
 * @return What ends the following, on the main thread too; the client stays as it is then.
 */
public fun Loggin.followApp(context: Context): AutoCloseable {
    val connectivity = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
    return AppFollower(this, ProcessLifecycleOwner.get().lifecycle, connectivity).also { it.begin() }
}

/** All of it runs on the main thread, so that no change of network is reported after the app has gone. */
private class AppFollower(
    private val loggin: Loggin,
    private val app: Lifecycle,
    private val connectivity: ConnectivityManager,
) : NetworkCallback(), DefaultLifecycleObserver, AutoCloseable {
    private var isInFront = false
    private var known: Network? = null

    fun begin() {
        // Where the app is in front already, it is told so at once.
        app.addObserver(this)
    }

    override fun onStart(owner: LifecycleOwner) {
        isInFront = true
        // The callback is told of this one as well, which is no change.
        known = connectivity.activeNetwork
        connectivity.registerDefaultNetworkCallback(this, Handler(Looper.getMainLooper()))
        loggin.onForeground()
    }

    override fun onStop(owner: LifecycleOwner) {
        leave()
        loggin.onBackground()
    }

    override fun onAvailable(network: Network) {
        if (network == known) return
        known = network
        loggin.onForeground()
    }

    override fun onLost(network: Network) {
        if (network == known) known = null
    }

    override fun close() {
        app.removeObserver(this)
        leave()
    }

    private fun leave() {
        if (isInFront) connectivity.unregisterNetworkCallback(this)
        isInFront = false
    }
}
