@file:Suppress("unused", "UNUSED_PARAMETER")

package android.net

import android.os.Handler

/** Networks as Android 8 and later tell of them: what the Android module calls of that, to be compiled against. */
public class ConnectivityManager private constructor() {
    /** Since Android 6. */
    public val activeNetwork: Network? get() = throw UnsupportedOperationException()

    /** Since Android 8. */
    public fun registerDefaultNetworkCallback(networkCallback: NetworkCallback, handler: Handler): Unit =
        throw UnsupportedOperationException()

    public fun unregisterNetworkCallback(networkCallback: NetworkCallback): Unit =
        throw UnsupportedOperationException()

    public open class NetworkCallback {
        public open fun onAvailable(network: Network): Unit = Unit

        public open fun onLost(network: Network): Unit = Unit
    }
}

/** Equal to another where it is the same network. */
public class Network private constructor()
