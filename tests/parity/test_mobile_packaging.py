"""What of the mobile packages can be checked without the vendors' tools: symbols, layout, and what names what."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOBILE = ROOT / "bindings/mobile"
ANDROID = MOBILE / "kotlin/android"
LIBRARY = ROOT / "target/debug/libloggin_mobile.so"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def generated(language: str, folder: Path) -> str:
    """The sources of a language, written out of the library that is built here."""
    sources = folder / "sources"
    subprocess.run([MOBILE / "generate", language, sources], check=True, cwd=ROOT)
    return "\n".join(text(file) for file in sorted(folder.rglob("*")) if file.is_file())


def symbols(library: Path, *options: str) -> set[str]:
    listed = subprocess.run(
        ["nm", "--defined-only", "--format=just-symbols", *options, library],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listed.stdout.split())


@pytest.mark.parametrize("language", ["kotlin", "swift"])
def test_the_library_exports_every_function_that_the_generated_sources_call(
    language: str, tmp_path: Path
) -> None:
    called = set(re.findall(r"\b(?:uniffi|ffi)_loggin_mobile_\w+", generated(language, tmp_path)))
    assert "uniffi_loggin_mobile_fn_method_client_wait_for_verify" in called
    assert called <= symbols(LIBRARY, "--dynamic"), "Android loads the dynamic library"
    static = ROOT / "target/debug/libloggin_mobile.a"
    assert called <= symbols(static), "Apple's platforms link the static one"


@pytest.mark.parametrize(("page_size", "is_fit"), [(4096, False), (16384, True)])
def test_libraries_for_pages_of_4_kb_are_refused(page_size: int, is_fit: bool, tmp_path: Path) -> None:
    source, library = tmp_path / "response.c", tmp_path / "libanswer.so"
    source.write_text("int answer(void) { return 42; }\n", encoding="utf-8")
    option = f"-Wl,-z,max-page-size={page_size}"
    subprocess.run(["cc", "-shared", "-fPIC", option, "-o", library, source], check=True)
    checked = subprocess.run([ANDROID / "check-pages", library], check=False, capture_output=True)
    assert (checked.returncode == 0) == is_fit


def test_the_android_libraries_are_built_for_large_pages_and_every_abi() -> None:
    script = text(ANDROID / "build-libraries")
    assert "max-page-size=16384" in script
    for abi in ("arm64-v8a", "armeabi-v7a", "x86_64", "x86"):
        assert f"-t {abi}" in script


def test_the_android_module_has_what_an_aar_is_made_of() -> None:
    build = text(ANDROID / "build.gradle.kts")
    for folder in re.findall(r'^ +"(\S+)",$', build, re.MULTILINE):
        assert (ANDROID / folder).is_dir() or "generated-sources" in folder, folder
    [rules] = re.findall(r'consumerProguardFiles\("(.+)"\)', build)
    [package] = re.findall(r'package_name = "(.+)"', text(MOBILE / "uniffi.toml"))
    assert f"-keep class {package}.** " in text(ANDROID / rules)
    assert "android.permission.INTERNET" in text(ANDROID / "src/main/AndroidManifest.xml")


def test_what_the_android_helpers_call_is_asked_for() -> None:
    build, manifest = text(ANDROID / "build.gradle.kts"), text(ANDROID / "src/main/AndroidManifest.xml")
    sources = "\n".join(text(file) for file in (ANDROID / "src/main/kotlin").rglob("*.kt"))
    [group] = set(re.findall(r"^import (androidx\.\w+)\.", sources, re.MULTILINE))
    assert f'implementation("{group}:' in build
    assert "registerDefaultNetworkCallback" in sources
    assert "android.permission.ACCESS_NETWORK_STATE" in manifest
    # The stubs that the sources are compiled against here are no part of the library.
    assert "stubs" not in build


def test_android_gets_the_versions_that_the_suite_ran_with() -> None:
    build, project = text(ANDROID / "build.gradle.kts"), text(MOBILE / "kotlin/pom.xml")
    [kotlin] = re.findall(r"<kotlin.version>(.+)</kotlin.version>", project)
    assert f'id("org.jetbrains.kotlin.android") version "{kotlin}"' in build
    for artifact, name in {"kotlinx-coroutines-core-jvm": "kotlinx-coroutines-core", "jna": "jna"}.items():
        [version] = re.findall(rf"<artifactId>{artifact}</artifactId>\s*<version>(.+)</version>", project)
        assert f":{name}:{version}" in build
    [own] = re.findall(r"<artifactId>loggin</artifactId>\s*<version>(.+)</version>", project)
    assert f'version = "{own}"' in build


def test_the_xcframework_is_made_where_the_swift_package_looks_for_it() -> None:
    package, script = text(MOBILE / "swift/Package.swift"), text(MOBILE / "swift/build-xcframework")
    [framework] = re.findall(r'binaryTarget\(name: "\w+", path: "(.+)"\)', package)
    assert f"$folder/{framework}" in script
    for target in ("aarch64-apple-ios", "aarch64-apple-ios-sim", "aarch64-apple-darwin"):
        assert target in script
    [module] = re.findall(r'ffi_module_name = "(.+)"', text(MOBILE / "uniffi.toml"))
    assert framework == f"{module}.xcframework"


def test_no_app_is_named_where_whatsapp_is_opened() -> None:
    helpers = [
        ANDROID / "src/main/kotlin/loggin/android/OpenWhatsApp.kt",
        MOBILE / "swift/Sources/Loggin/OpenWhatsApp.swift",
        *(file for file in (ROOT / "examples/mobile").iterdir() if file.suffix in {".kt", ".swift"}),
    ]
    for helper in helpers:
        assert not re.search(r"com\.whatsapp|whatsapp://|setPackage", text(helper)), helper.name


def test_the_swift_package_is_usable_by_url(tmp_path: Path) -> None:
    archive, folder = tmp_path / "framework.zip", tmp_path / "package"
    archive.write_bytes(b"what a Mac has built")
    url = "https://downloads.example.com/framework.zip"
    subprocess.run([MOBILE / "swift/mirror", archive, url, folder], check=True, cwd=ROOT)
    package, own = text(folder / "Package.swift"), text(MOBILE / "swift/Package.swift")
    assert f'url: "{url}"' in package
    assert f'checksum: "{hashlib.sha256(archive.read_bytes()).hexdigest()}"' in package
    assert {path.name for path in folder.iterdir()} == {
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "Package.swift",
        "Sources",
    }
    assert {path.name for path in (folder / "Sources").iterdir()} == {"Loggin", "LogginNative"}
    assert any((folder / "Sources/LogginNative").glob("*.swift"))
    # What both say is the same.
    for line in (
        "// swift-tools-version: 6.0",
        "platforms: [.iOS(.v16), .macOS(.v13)],",
        "swiftLanguageModes: [.v6]",
    ):
        assert line in package
        assert line in own
