# What `cmake --install` puts where, below the prefix unless a directory is absolute.
include(GNUInstallDirs)

# master(8) runs programs from daemon_directory only, so that is where the daemon goes. Debian's is
# /usr/lib/postfix/sbin: `cmake --install BUILD --prefix /usr` does it. Elsewhere ask `postconf -h daemon_directory`.
set(UFLUSH_DAEMON_DIR lib/postfix/sbin CACHE STRING "Where uflush is installed: Postfix's daemon_directory")

install(TARGETS uflush DESTINATION ${UFLUSH_DAEMON_DIR})
foreach(command flushctl flushbench)
  if(TARGET ${command})
    install(TARGETS ${command} DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(FILES docs/man/flushctl.1 docs/man/flushbench.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/uflush.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
