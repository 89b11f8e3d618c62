# Install and export: find_package(mgan) gives the targets of MganTargets.cmake.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Components, for packagers: mgan_library, mgan_program.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME mgan_library)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/mgan" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
set(_mgan_targets mgan_midi mgan_mgan)
foreach(_part IN ITEMS nets io audio)
    string(TOUPPER ${_part} _upper)
    if(MGAN_HAS_${_upper})
        list(APPEND _mgan_targets mgan_${_part})
    endif()
endforeach()
install(TARGETS ${_mgan_targets} EXPORT mganTargets)
install(EXPORT mganTargets NAMESPACE mgan:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/mgan")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/mganConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/mganConfig.cmake" INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/mgan")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/mganConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/mganConfig.cmake" "${PROJECT_BINARY_DIR}/mganConfigVersion.cmake"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/mgan")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
if(TARGET mgan_program)
    install(TARGETS mgan_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT mgan_program)
endif()
