# Where the examples of the help work as they are written: a server with clients, and files in the current location. It takes only what the bare
# engine has, since the examples are tried there and in PowerShell.
#   web1, web2, db1   online clients of the application shop: production/web, test/web, production/db
#   db2               offline, of the application archive
#   new1              waits for approval, of the application shop
#   deploy            an operator for shop, in deploy.operator
#   dist, config      files; nginx a package's files in version 1.1.0, of which 1.0.0 is published; shop.yaml a document
#   server.yaml, client.yaml   configuration files
#   shop              an application in two revisions
param([string] $Root)

$ConfirmPreference = 'None'
$null = [IO.Directory]::CreateDirectory($Root)
$ExecutionContext.SessionState.Path.SetLocation($Root) | Out-Null

# Whatever an example starts is on free ports and in a directory of its own.
$PSDefaultParameterValues['Start-PantryServer:PublishPort'] = 0
$PSDefaultParameterValues['Start-PantryServer:ReceivePort'] = 0
$PSDefaultParameterValues['Start-PantryServer:FilePort'] = 0
$PSDefaultParameterValues['Register-PantryClient:Path'] = { "$PWD/clients/$([guid]::NewGuid().ToString('n'))" }

foreach ($file in @{
    'dist/index.html' = '<h1>Shop</h1>'
    'dist/app.js' = 'start()'
    'dist/app.js.map' = '{}'
    'config/app.yml' = 'workers: 4'
    'nginx/pantry.yaml' = "name: nginx`nversion: 1.0.0`nkind: script`n"
    'nginx/apply' = "#!/bin/sh`necho installed`n"
    'nginx/plan' = "#!/bin/sh`necho would install`n"
    'server.yaml' = "networking:`n  server_host: 127.0.0.1`n"
    'client.yaml' = "client:`n  application: shop`n"
    'shop.yaml' = "packages:`n  nginx: ^1.0`nparameters:`n  workers: 8`n"
}.GetEnumerator()) {
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName("$PWD/$($file.Key)"))
    [IO.File]::WriteAllText("$PWD/$($file.Key)", $file.Value)
    if (-not $IsWindows -and $file.Key -in 'nginx/apply', 'nginx/plan') { [IO.File]::SetUnixFileMode("$PWD/$($file.Key)", 'UserRead, UserWrite, UserExecute') }
}

$server = Start-PantryServer -Path ./server
$null = New-PantryEnrollment web1 -Application shop -Environment production -Role web | Register-PantryClient
$null = New-PantryEnrollment web2 -Application shop -Environment test -Role web | Register-PantryClient
$null = New-PantryEnrollment db1 -Application shop -Environment production -Role db | Register-PantryClient
$null = Register-PantryClient -Identity new1 -Application shop -Server "127.0.0.1:$($server.ReceivePort)" -PublishPort $server.PublishPort -ServerPublicKey $server.PublicKey

# A client whose runspace has ended is gone.
$state = [initialsessionstate]::CreateDefault2()
if ($IsWindows) { $state.ExecutionPolicy = 'Bypass' }
$elsewhere = [runspacefactory]::CreateRunspace($state)
$elsewhere.Open()
$shell = [powershell]::Create()
$shell.Runspace = $elsewhere
$null = $shell.AddScript('param($module, $enrollment, $path) Import-Module $module; $enrollment | Register-PantryClient -Path $path').
    AddArgument("$PSScriptRoot/../../Pantry.psd1").AddArgument((New-PantryEnrollment db2 -Application archive)).AddArgument("$PWD/clients/db2").Invoke()
$shell.Dispose()
$elsewhere.Dispose()
for ($tries = 0; (Get-PantryClient db2).Status -ne 'Offline'; $tries++) {
    if ($tries -eq 200) { throw 'The client db2 did not go offline.' }
    $null = [Threading.Tasks.Task]::Delay(20).Wait(100)
}

$null = New-PantryOperator deploy -Scope 'shop:Shell,Script' -OutFile ./deploy.operator
$null = Publish-PantryPackage ./nginx
[IO.File]::WriteAllText("$PWD/nginx/pantry.yaml", "name: nginx`nversion: 1.1.0`nkind: script`n")
$null = New-PantryApplication shop -Document 'packages:', '  nginx: ^1.0'
$null = Set-PantryApplication shop -Document 'packages:', '  nginx: ^1.0', 'parameters:', '  workers: 4' -Revision 1
