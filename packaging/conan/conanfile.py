"""mgan as a Conan 2 package: headers, with a component for each set of libraries that they need.

    conan create packaging/conan -s compiler.cppstd=20  Eigen and nlohmann/json from Conan Center
    ... -o "&:system_libraries=True"                    those of the system, found by pkg-config

Components and their CMake targets: midi (mgan::midi), nets, io, audio. `with_audio` links FFTW,
which is GPL.
"""
import pathlib
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load
from conan.tools.gnu import PkgConfig


class Mgan(ConanFile):
    name = "mgan"
    description = "Recurrent GANs for symbolic music, header-only C++20"
    license = "MIT"
    topics = ("music", "midi", "gan", "lstm", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_nets": [True, False], "with_io": [True, False], "with_audio": [True, False],
               "system_libraries": [True, False]}
    default_options = {"with_nets": True, "with_io": True, "with_audio": False,
                       "system_libraries": False}
    no_copy_source = True

    # Component -> (what it stands on, Conan's name of its libraries, pkg-config's names).
    PARTS = {"nets": ("midi", {"eigen/3.4.0": "eigen::eigen"}, ["eigen3"]),
             "io": ("nets", {"nlohmann_json/[>=3.9 <4]": "nlohmann_json::nlohmann_json"},
                    ["nlohmann_json"]),
             "audio": ("nets", {"fftw/[>=3.3 <4]": "fftw::fftw"}, ["fftw3", "fftw3f"])}

    @property
    def _parts(self):
        return [part for part in self.PARTS if self.options.get_safe("with_" + part)]

    def set_version(self):
        text = load(self, pathlib.Path(self.recipe_folder, "../../include/mgan/core/version.hpp"))
        self.version = ".".join(re.search(rf"#define MGAN_VERSION_{part} (\d+)", text).group(1)
                                for part in ("MAJOR", "MINOR", "PATCH"))

    def export_sources(self):
        root = str(pathlib.Path(self.recipe_folder, "../..").resolve())
        copy(self, "include/*", root, self.export_sources_folder)
        copy(self, "LICENSE", root, self.export_sources_folder)

    def requirements(self):
        if self.options.system_libraries:
            return
        for part in self._parts:
            for reference in self.PARTS[part][1]:
                self.requires(reference, transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)
        if (self.options.with_io or self.options.with_audio) and not self.options.with_nets:
            raise ConanInvalidConfiguration("with_io and with_audio need with_nets")

    def package_id(self):
        # Headers are the same for everyone; what the components name is not.
        self.info.settings.clear()

    def package(self):
        copy(self, "LICENSE", self.source_folder,
             str(pathlib.Path(self.package_folder, "licenses")))
        copy(self, "include/*", self.source_folder, self.package_folder)

    def package_info(self):
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
        self.cpp_info.components["midi"].set_property("cmake_target_name", "mgan::midi")
        self.cpp_info.components["midi"].set_property("pkg_config_name", "mgan-midi")
        for part in self._parts:
            below, libraries, system = self.PARTS[part]
            component = self.cpp_info.components[part]
            component.set_property("cmake_target_name", f"mgan::{part}")
            component.set_property("pkg_config_name", f"mgan-{part}")
            component.requires = [below]
            if part == "audio":
                component.defines = ["MGAN_HAS_FFTW=1"]
            if not self.options.system_libraries:
                component.requires += libraries.values()
                continue
            for name in system:
                found = PkgConfig(self, name)
                component.includedirs += found.includedirs
                component.libdirs += found.libdirs
                component.system_libs += found.libs
        for component in self.cpp_info.components.values():
            component.bindirs = []
            if component.includedirs is None:
                component.includedirs = ["include"]
