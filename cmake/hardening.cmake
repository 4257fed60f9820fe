# How the programs are hardened, and how they are kept free of the place where they are built.
#
# Programs are placed at random. Relocations are resolved at the start and their table is read-only from then on (RELRO,
# BIND_NOW); stack protector; checked memory functions. Sanitizers bring checks of their own, and fortified functions hide
# memory errors from them.
add_compile_options(-fPIE -fstack-protector-strong)
add_link_options(-pie LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
if(NOT CMAKE_BUILD_TYPE STREQUAL Debug AND NOT UFLUSH_SANITIZE AND NOT UFLUSH_FUZZ AND NOT UFLUSH_COVERAGE)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# Neither __FILE__ nor what a debugger is told contains the directories of the sources and of the build: two builds in
# two places give the same bytes (tools/check_reproducible.sh). The option that is given last is tried first.
# The coverage report looks files up by their whole names.
if(NOT UFLUSH_COVERAGE)
  add_compile_options(
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.
    -ffile-prefix-map=${PROJECT_BINARY_DIR}/=build/ -ffile-prefix-map=${PROJECT_BINARY_DIR}=build)
endif()
