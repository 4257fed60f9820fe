# Compiler settings shared by every target, and the two functions that declare them.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBURING REQUIRED liburing>=2.3)
# The static library: one file less to load at start, and the shared one of liburing 2.3 forgot to export
# io_uring_register_restrictions and io_uring_enable_rings.
find_library(LIBURING_ARCHIVE liburing.a REQUIRED)
find_package(Boost 1.74 REQUIRED)
include(cmake/fmt.cmake)
find_package(mimalloc 2 REQUIRED)
find_package(Threads REQUIRED)

add_library(uflush_options INTERFACE)
target_include_directories(uflush_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(uflush_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC 12 sees the unused half of an Outcome result as a value that was never set, and an overlap in
  # `"text" + std::string()` (GCC bug 105651).
  target_compile_options(uflush_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
if(UFLUSH_WERROR)
  target_compile_options(uflush_options INTERFACE -Werror)
endif()
if(UFLUSH_SANITIZE)
  target_compile_options(uflush_options INTERFACE -fsanitize=${UFLUSH_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(uflush_options INTERFACE -fsanitize=${UFLUSH_SANITIZE})
endif()
if(UFLUSH_FUZZ)
  # Everything that a target reaches reports its branches to libFuzzer. Clang 14 cannot emit the type tags of
  # -fsanitize=function for coroutines with coverage ("Cannot represent a difference across sections").
  target_compile_options(uflush_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize=function)
  target_link_options(uflush_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(UFLUSH_COVERAGE)
  # Clang only: gcov of GCC 12 does not count the lines of coroutines. The counters can lie in a mapped file
  # (tools/coverage.sh), so that what a child does counts however it ends, whoever it has become.
  set(coverage -fprofile-instr-generate -fcoverage-mapping)
  target_compile_options(uflush_options INTERFACE ${coverage} "SHELL:-mllvm -runtime-counter-relocation")
  target_link_options(uflush_options INTERFACE ${coverage})
endif()

# uflush_library(io SOURCES a.cpp b.cpp DEPENDS other): the static library uflush_io of one folder.
function(uflush_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(uflush_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(uflush_${name} PUBLIC uflush_options ${ARG_DEPENDS})
endfunction()

# uflush_test(name SOURCES a_test.cpp DEPENDS uflush_core [LABEL e2e] [TIMEOUT 60]): one GoogleTest program,
# built from its sources and run as one ctest entry.
function(uflush_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE uflush_options ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
