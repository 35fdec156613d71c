@echo off
rem The eigenseg command of a distribution on Windows: with the runtime that came with it, with JAVA_HOME, or with java on the PATH.
setlocal enableextensions disabledelayedexpansion
set "HOME_FOLDER=%~dp0.."
set "LIB=%HOME_FOLDER%\lib"
if not exist "%LIB%\modules" if defined EIGENSEG_HOME set "HOME_FOLDER=%EIGENSEG_HOME%"
set "LIB=%HOME_FOLDER%\lib"
if not exist "%LIB%\modules" (
  echo eigenseg: no lib\modules in "%HOME_FOLDER%": let EIGENSEG_HOME name the folder of the distribution. >&2
  exit /b 1
)

set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java.exe"
if exist "%HOME_FOLDER%\runtime\bin\java.exe" set "JAVA=%HOME_FOLDER%\runtime\bin\java.exe"
set "MAJOR="
set "ANSWER=%TEMP%\eigenseg-%RANDOM%.txt"
"%JAVA%" -XshowSettings:properties -version >nul 2>"%ANSWER%"
for /f "tokens=2 delims==" %%v in ('findstr /c:"java.specification.version " "%ANSWER%"') do set /a "MAJOR=%%v" >nul 2>nul
del "%ANSWER%" >nul 2>nul
if not defined MAJOR goto :nojava
if %MAJOR% LSS 25 goto :nojava

rem The packaged CPU libtorch always wins over another one while it is on the class path.
set "CLASSES=%LIB%\classpath\*;%LIB%\natives\*"
if not defined PYTORCH_LIBRARY_PATH goto :start
if not exist "%PYTORCH_LIBRARY_PATH%\" (
  echo eigenseg: PYTORCH_LIBRARY_PATH is "%PYTORCH_LIBRARY_PATH%", which is not a folder; point it at libtorch's lib folder or unset it >&2
  exit /b 1
)
set "CLASSES=%LIB%\classpath\*"
if not defined PYTORCH_VERSION set "PYTORCH_VERSION=2.7.1"
if defined PYTORCH_FLAVOR goto :start
set "PYTORCH_FLAVOR=cpu"
if exist "%PYTORCH_LIBRARY_PATH%\torch_cuda*" set "PYTORCH_FLAVOR=cu128"

:start
if not defined OMP_WAIT_POLICY set "OMP_WAIT_POLICY=PASSIVE"
set "COLLECTOR="
if %NUMBER_OF_PROCESSORS% LEQ 4 set "COLLECTOR=-XX:+UseSerialGC"
if not defined EIGENSEG_JAVA_OPTS goto :run
if not "%EIGENSEG_JAVA_OPTS:-XX:+Use=%"=="%EIGENSEG_JAVA_OPTS%" set "COLLECTOR="
:run
"%JAVA%" %COLLECTOR% -Dai.djl.offline=true %EIGENSEG_JAVA_OPTS% --add-modules com.sun.jna ^
  --enable-native-access=ai.djl.api,ai.djl.pytorch_engine,com.sun.jna,dev.eigenseg.api,dev.eigenseg.graph ^
  -p "%LIB%\modules" -cp "%CLASSES%" -m dev.eigenseg.cli/dev.eigenseg.cli.Main %*
exit /b %ERRORLEVEL%

:nojava
echo eigenseg: no JDK 25 or newer found in JAVA_HOME or on the PATH. Get one from https://adoptium.net, or point JAVA_HOME at it. >&2
exit /b 1
