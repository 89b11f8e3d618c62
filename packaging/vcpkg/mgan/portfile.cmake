# An overlay port: it packages the tree that contains it.
#   vcpkg install mgan --overlay-ports=packaging/vcpkg
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

# A part without its feature must not be installed just because its library is present, and a part with
# its feature must not be skipped because its library is missing.
set(_options "")
foreach(_feature_and_library IN ITEMS nets,Eigen3 io,nlohmann_json audio,PkgConfig)
    string(REPLACE "," ";" _feature_and_library "${_feature_and_library}")
    list(GET _feature_and_library 0 _feature)
    list(GET _feature_and_library 1 _library)
    if(NOT _feature IN_LIST FEATURES)
        list(APPEND _options "-DCMAKE_DISABLE_FIND_PACKAGE_${_library}=ON")
    else()
        list(APPEND _options "-DCMAKE_REQUIRE_FIND_PACKAGE_${_library}=ON")
    endif()
endforeach()

set(VCPKG_BUILD_TYPE release)  # headers alone
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS -DMGAN_BUILD_PROGRAM=OFF -DMGAN_BUILD_LIBRARY=OFF -DMGAN_BUILD_TESTS=OFF -DMGAN_BUILD_BENCHMARKS=OFF -DMGAN_INSTALL=ON ${_options}
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/mgan)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib" "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
