# Packages by CPack: `cpack -G TGZ` and `cpack -G DEB` in the build folder. Both hold the program with
# its man page, the headers, the CMake and the pkg-config files. Packages for others than this machine
# come from the preset `package`, whose program runs on every processor of the architecture.
set(CPACK_PACKAGE_NAME mgan)
set(CPACK_PACKAGE_VENDOR "the mgan authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_MONOLITHIC_INSTALL ON)

set(_native "")
if(MGAN_NATIVE)
    set(_native "-native")  # the program runs on processors like this one alone
endif()
set(CPACK_PACKAGE_FILE_NAME "mgan-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}${_native}")

set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${CPACK_PACKAGE_VENDOR}")
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
# Below the summary, which CPack puts first.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "mgan trains recurrent GANs on MIDI files and makes new songs with them,
as a program and as a C++20 library of headers, with no deep-learning
runtime.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What the headers include. FFTW is GPL and wanted by the frequency classifier alone.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libeigen3-dev (>= 3.4), nlohmann-json3-dev (>= 3.9)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libfftw3-dev, gnuplot-nox, timidity | fluidsynth")
include(CPack)
