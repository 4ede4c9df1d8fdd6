// The Android library: the Kotlin sources of the Maven project beside it, what only Android has, and one native library
// for each ABI. `./build-libraries` comes first: it makes the libraries and the generated sources.
plugins {
    id("com.android.library") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.21"
}

group = "dev.loggin"
version = "0.1.0"

android {
    namespace = "loggin.android"
    compileSdk = 36
    defaultConfig {
        // java.time, which the API uses, is part of the system from here on.
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
    }
    // Unpacked libraries start without being copied, and have to lie on page boundaries.
    packaging { jniLibs.useLegacyPackaging = false }
    sourceSets["main"].kotlin.srcDirs(
        "src/main/kotlin",
        "../src/main/kotlin",
        // Written by `bindings/mobile/generate kotlin`.
        "../target/generated-sources/uniffi",
    )
}

kotlin {
    jvmToolchain(17)
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.11.0")
    implementation("androidx.lifecycle:lifecycle-process:2.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}
