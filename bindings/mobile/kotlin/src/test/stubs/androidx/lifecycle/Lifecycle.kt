@file:Suppress("unused", "UNUSED_PARAMETER")

package androidx.lifecycle

/** What the Android module calls of `androidx.lifecycle:lifecycle-process`, to be compiled against. */
public abstract class Lifecycle {
    public abstract fun addObserver(observer: LifecycleObserver)

    public abstract fun removeObserver(observer: LifecycleObserver)
}

public interface LifecycleObserver

public interface LifecycleOwner {
    public val lifecycle: Lifecycle
}

public interface DefaultLifecycleObserver : LifecycleObserver {
    public fun onStart(owner: LifecycleOwner): Unit = Unit

    public fun onStop(owner: LifecycleOwner): Unit = Unit
}

public class ProcessLifecycleOwner private constructor() : LifecycleOwner {
    override val lifecycle: Lifecycle get() = throw UnsupportedOperationException()

    public companion object {
        @JvmStatic
        public fun get(): LifecycleOwner = throw UnsupportedOperationException()
    }
}
