# Install and export: find_package(mgan) gives the targets of MganTargets.cmake.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Components, for packagers: mgan_library (headers), mgan_player, mgan_program, mgan_lv2.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME mgan_library)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/mgan" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
# In share, where CMake looks on every system: headers belong to no architecture.
# One file of targets a part, so that who asks for one gets no other, and needs no library of another.
foreach(_part IN ITEMS midi nets io audio)
    if(TARGET mgan_${_part})
        install(TARGETS mgan_${_part} EXPORT mgan-${_part}-targets)
        install(EXPORT mgan-${_part}-targets NAMESPACE mgan:: DESTINATION "${CMAKE_INSTALL_DATADIR}/cmake/mgan")
    endif()
endforeach()
# The player compiled once, where it was built. (Its headers are among the others.)
if(TARGET mgan_player_shared)
    install(TARGETS mgan_player_shared mgan_player_static EXPORT mgan-player-targets OPTIONAL
        COMPONENT mgan_player)
    install(EXPORT mgan-player-targets NAMESPACE mgan:: DESTINATION "${CMAKE_INSTALL_DATADIR}/cmake/mgan"
        COMPONENT mgan_player)
    file(RELATIVE_PATH _up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    file(WRITE "${PROJECT_BINARY_DIR}/mgan-player.pc"
        "prefix=\${pcfiledir}/${_up}\nincludedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}\nlibdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}\n\n"
        "Name: mgan-player\nDescription: Plays models of mgan; for C and C++20\nVersion: ${PROJECT_VERSION}\n"
        "Cflags: -I\${includedir} -DMGAN_PLAYER_COMPILED=1\nLibs: -L\${libdir} -lmgan_player\nLibs.private: -lstdc++ -lm\n")
    install(FILES "${PROJECT_BINARY_DIR}/mgan-player.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
        COMPONENT mgan_player)
endif()
set(MGAN_PLAYER_FILE "${CMAKE_INSTALL_LIBDIR}/${CMAKE_SHARED_LIBRARY_PREFIX}mgan_player${CMAKE_SHARED_LIBRARY_SUFFIX}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/mganConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/mganConfig.cmake" INSTALL_DESTINATION "${CMAKE_INSTALL_DATADIR}/cmake/mgan")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/mganConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/mganConfig.cmake" "${PROJECT_BINARY_DIR}/mganConfigVersion.cmake"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/cmake/mgan")

# pkg-config: mgan-midi, mgan-nets, mgan-io, mgan-audio, and mgan, which is all that was installed. The
# files find the headers from where they lie themselves. OpenMP is left to the user (-fopenmp).
function(mgan_pkgconfig name description requires cflags)
    file(RELATIVE_PATH _up "/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/")
    file(WRITE "${PROJECT_BINARY_DIR}/${name}.pc"
        "prefix=\${pcfiledir}/${_up}\nincludedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}\n\n"
        "Name: ${name}\nDescription: ${description}\nVersion: ${PROJECT_VERSION}\n"
        "Requires: ${requires}\nCflags: -I\${includedir}${cflags}\n")
    install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
endfunction()
set(_mgan_parts mgan-midi)
mgan_pkgconfig(mgan-midi "MIDI files and song metrics, C++20, headers only" "" "")
if(MGAN_HAS_NETS)
    list(APPEND _mgan_parts mgan-nets)
    mgan_pkgconfig(mgan-nets "Recurrent GANs for symbolic music, C++20, headers only" "mgan-midi eigen3 >= 3.4" "")
endif()
if(MGAN_HAS_IO)
    list(APPEND _mgan_parts mgan-io)
    mgan_pkgconfig(mgan-io "Training and model files of mgan" "mgan-nets nlohmann_json >= 3.9" "")
endif()
if(MGAN_HAS_AUDIO)
    list(APPEND _mgan_parts mgan-audio)
    mgan_pkgconfig(mgan-audio "The frequency classifier of mgan (links FFTW, which is GPL)" "mgan-nets fftw3 fftw3f"
        " -DMGAN_HAS_FFTW=1")
endif()
list(JOIN _mgan_parts " " _mgan_parts)
mgan_pkgconfig(mgan "${PROJECT_DESCRIPTION}" "${_mgan_parts}" "")

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright)
if(TARGET mgan_program)
    install(TARGETS mgan_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT mgan_program)
    if(MGAN_PROGRAM_CLASSES)
        install(TARGETS ${MGAN_PROGRAM_CLASSES} RUNTIME DESTINATION "${MGAN_PROGRAM_OTHERS}" COMPONENT mgan_program)
    endif()
    file(ARCHIVE_CREATE OUTPUT "${PROJECT_BINARY_DIR}/mgan.1.gz" PATHS "${PROJECT_SOURCE_DIR}/docs/mgan.1"
        FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    install(FILES "${PROJECT_BINARY_DIR}/mgan.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT mgan_program)
    install(FILES "${PROJECT_SOURCE_DIR}/completions/mgan.bash" RENAME mgan COMPONENT mgan_program
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
    install(FILES "${PROJECT_SOURCE_DIR}/completions/_mgan" COMPONENT mgan_program
        DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
endif()
