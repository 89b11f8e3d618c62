# The library as INTERFACE targets, one for each set of dependencies:
#
#   mgan::midi    core, midi, score, metrics   the standard library alone
#   mgan::nets    + tensor, layers, autodiff,  Eigen, OpenMP if found
#                   encoding, dataset, models,
#                   optimisation, judging, settings
#   mgan::io      + io, generation, training,  nlohmann/json
#                   runs
#   mgan::audio   + audio, hearing             FFTW (GPL: see README)
#   mgan::mgan    everything that is there
#
# No warning flag, no -march and no definition but MGAN_HAS_* is exported.

set(_mgan_include "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")

function(mgan_part name)
    add_library(mgan_${name} INTERFACE)
    add_library(mgan::${name} ALIAS mgan_${name})
    set_target_properties(mgan_${name} PROPERTIES EXPORT_NAME ${name})
endfunction()

mgan_part(midi)
target_include_directories(mgan_midi INTERFACE ${_mgan_include})
target_compile_features(mgan_midi INTERFACE cxx_std_20)

mgan_part(mgan)
target_link_libraries(mgan_mgan INTERFACE mgan_midi)

# Targets that a parent project made, by FetchContent or add_subdirectory, come first.
if(NOT TARGET Eigen3::Eigen)
    find_package(Eigen3 QUIET NO_MODULE)  # no version: 5, which comes after 3.4, answers to 5 alone
endif()
if(TARGET Eigen3::Eigen AND NOT (Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4))
    set(MGAN_HAS_NETS ON)
    mgan_part(nets)
    target_link_libraries(mgan_nets INTERFACE mgan_midi Eigen3::Eigen)
    if(MGAN_OPENMP)
        find_package(OpenMP QUIET COMPONENTS CXX)
        # If it exists: that of the compiler that uses mgan decides, not that which installed it.
        target_link_libraries(mgan_nets INTERFACE $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_CXX>)
    endif()
    target_link_libraries(mgan_mgan INTERFACE mgan_nets)
else()
    message(STATUS "mgan: Eigen 3.4 or 5 not found, only mgan::midi is available (Debian: libeigen3-dev)")
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
    find_package(nlohmann_json 3.9 QUIET)
endif()
if(MGAN_HAS_NETS AND TARGET nlohmann_json::nlohmann_json)
    set(MGAN_HAS_IO ON)
    mgan_part(io)
    target_link_libraries(mgan_io INTERFACE mgan_nets nlohmann_json::nlohmann_json)
    target_link_libraries(mgan_mgan INTERFACE mgan_io)
elseif(MGAN_HAS_NETS)
    message(STATUS "mgan: nlohmann/json 3.9 not found, no mgan::io: no training or model files (Debian: nlohmann-json3-dev)")
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(MGAN_FFTW3 QUIET IMPORTED_TARGET fftw3 fftw3f)
endif()
if(MGAN_HAS_NETS AND TARGET PkgConfig::MGAN_FFTW3)
    set(MGAN_HAS_AUDIO ON)
    mgan_part(audio)
    target_link_libraries(mgan_audio INTERFACE mgan_nets PkgConfig::MGAN_FFTW3)
    target_compile_definitions(mgan_audio INTERFACE MGAN_HAS_FFTW=1)
    target_link_libraries(mgan_mgan INTERFACE mgan_audio)
elseif(MGAN_HAS_NETS)
    message(STATUS "mgan: FFTW 3 not found by pkg-config, no mgan::audio: no PF classifier (Debian: libfftw3-dev pkg-config)")
endif()
