# Eigen 5 answers to a request for 5, and to none for 3.4.
set(PACKAGE_VERSION "5.0.1")
if(PACKAGE_FIND_VERSION_MAJOR EQUAL 5)
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
