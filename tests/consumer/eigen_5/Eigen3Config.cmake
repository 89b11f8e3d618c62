# Stands in for Eigen 5, which is not everywhere: its version, with the headers in MY_EIGEN.
if(NOT TARGET Eigen3::Eigen)
    add_library(Eigen3::Eigen INTERFACE IMPORTED)
    target_include_directories(Eigen3::Eigen INTERFACE "${MY_EIGEN}")
endif()
