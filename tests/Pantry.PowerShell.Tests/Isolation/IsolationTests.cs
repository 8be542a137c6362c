using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Isolation;

public sealed class IsolationTests
{
    private const string Work = """
        $root = [IO.Directory]::CreateTempSubdirectory('pantry-isolation-').FullName
        [IO.File]::WriteAllText("$root/server.yml", "networking: { pub_sub_port: 0, receive_port: 0, file_service_port: 0 }")
        $server = Start-PantryServer -ConfigurationFile "$root/server.yml" -Path $root
        $null = Register-PantryClient -Path "$root/one" -Identity one -Application shop
        (Send-PantryCommand -All { 1 + 1 }).Output
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Other_versions_of_the_same_assemblies_do_not_disturb(bool before)
    {
        string directory = Directory.CreateTempSubdirectory("pantry-strangers-").FullName;
        string load = "";
        foreach (string name in new[] { "YamlDotNet", "NetMQ", "Microsoft.Extensions.Logging.Abstractions", "AsyncIO" })
        {
            MakeStranger(directory, name);
            load += $"$null = [Reflection.Assembly]::LoadFrom('{Path.Combine(directory, name + ".dll")}')\n";
        }

        (int exitCode, string output, string error) = await EngineProcess.RunAsync($$"""
            {{(before ? load : "")}}
            Import-Module '{{Places.Manifest}}'
            {{(before ? "" : load)}}
            {{Work}}
            [YamlDotNet.Stranger].Assembly.GetName().Version.ToString()
            """);

        Assert.Equal((0, "2\n1.0.0.0", ""), (exitCode, output, error));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Nothing_of_a_third_party_is_in_the_default_context_and_the_core_loads_at_first_use()
    {
        (_, string output, string error) = await EngineProcess.RunAsync($$"""
            function Names { [AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { $_.GetName().Name } }
            $engine = Names
            Import-Module '{{Places.Manifest}}'
            $imported = Names | Where-Object { $engine -notcontains $_ -and $_ -notlike 'System.*' }
            "imported: $imported"
            $null = & { {{Work}} }
            $here = [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies | ForEach-Object { $_.GetName().Name }
            "default: $($here | Where-Object { $engine -notcontains $_ -and $_ -notlike 'System.*' })"
            $own = [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object { $_.Name -eq 'Pantry' }
            "own: $(@($own.Assemblies | ForEach-Object { $_.GetName().Name }) -contains 'NetMQ')"
            """);

        Assert.Equal("", error);
        string[] lines = output.Split('\n');
        Assert.DoesNotContain("Pantry.Core", lines[0], StringComparison.Ordinal);
        Assert.Equal("default: Pantry.PowerShell Pantry.Model", string.Join(' ', lines[1].Split(' ').Where(name => name.Length > 0 && !name.StartsWith("Microsoft.CSharp", StringComparison.Ordinal))));
        Assert.Equal("own: True", lines[2]);
    }

    [Fact]
    public async Task The_database_opens_with_the_native_library_that_lies_beside_the_core()
    {
        string root = Directory.CreateTempSubdirectory("pantry-isolation-").FullName;
        (int exitCode, string output, string error) = await EngineProcess.RunAsync($$"""
            Import-Module '{{Places.Manifest}}'
            $null = & { {{Work}} }
            $own = [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object { $_.Name -eq 'Pantry' }
            $core = $own.Assemblies | Where-Object { $_.GetName().Name -eq 'Pantry.Core' }
            $database = $core.GetType('Pantry.Storage.ServerDatabase').GetMethod('Open').Invoke($null, @('{{root}}'))
            $database.GetType().GetProperty('Network').GetValue($database).Length
            ([Diagnostics.Process]::GetCurrentProcess().Modules | Where-Object { $_.ModuleName -like '*e_sqlite3*' }).FileName
            """);

        Assert.Equal((0, ""), (exitCode, error));
        string[] lines = output.Split('\n');
        Assert.Equal("32", lines[0]);
        Assert.StartsWith(Path.Combine(Path.TrimEndingDirectorySeparator(Places.Root), "bin", "core", "runtimes") + Path.DirectorySeparatorChar, Assert.Single(lines[1..]), StringComparison.Ordinal);
        Directory.Delete(root, recursive: true);
    }

    [Theory]
    [InlineData("linux-x64", "libe_sqlite3.so")]
    [InlineData("linux-arm64", "libe_sqlite3.so")]
    [InlineData("linux-musl-x64", "libe_sqlite3.so")]
    [InlineData("linux-musl-arm64", "libe_sqlite3.so")]
    [InlineData("win-x64", "e_sqlite3.dll")]
    [InlineData("win-arm64", "e_sqlite3.dll")]
    [InlineData("osx-x64", "libe_sqlite3.dylib")]
    [InlineData("osx-arm64", "libe_sqlite3.dylib")]
    public void The_module_brings_the_native_library_for_every_platform(string platform, string file) =>
        Assert.True(File.Exists(Path.Combine(Places.Root, "bin", "core", "runtimes", platform, "native", file)));

    [Theory]
    [InlineData("linux-x64", "X64", "linux-x64")]
    [InlineData("ubuntu.24.04-arm64", "Arm64", "linux-arm64")]
    [InlineData("alpine.3.22-x64", "X64", "linux-musl-x64")]
    [InlineData("linux-musl-arm64", "Arm64", "linux-musl-arm64")]
    [InlineData("win-x64", "X64", "win-x64")]
    [InlineData("win10-arm64", "Arm64", "win-arm64")]
    [InlineData("osx.15-arm64", "Arm64", "osx-arm64")]
    public void The_native_librarys_folder_is_found_whatever_the_runtime_calls_its_platform(string runtime, string architecture, string folder)
    {
        using Session session = Session.Open();
        string script = $"""
            $type = (Get-Command Start-PantryServer).ImplementingType.Assembly.GetType('Pantry.PowerShell.Isolation.NativePlatform')
            @($type.GetMethod('Candidates').Invoke($null, @('{runtime}', [Runtime.InteropServices.Architecture]::{architecture})))[-1]
            """;
        Assert.Equal(folder, session.Run(script).Clean().Single()!.ToString());
    }

    [Fact]
    public void The_types_users_see_are_type_literals()
    {
        using Session session = Session.Open();
        foreach (string type in new[] { "ClientInfo", "ClientFacts", "ClientRegistration", "ClientStatus", "CommandResult", "CommandStatus", "DisplayText", "Enrollment", "PantryServer", "PantrySession", "PingResult", "PantryException" })
            Assert.Equal($"Pantry.{type}", session.Run($"[Pantry.{type}].FullName").Clean().Single()!.ToString());
    }

    [Fact]
    public void The_cmdlets_assembly_names_no_third_party()
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(Places.Root, "bin", "Pantry.PowerShell.dll")));
        MetadataReader reader = file.GetMetadataReader();
        string[] strangers = [.. reader.AssemblyReferences
            .Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && name is not ("netstandard" or "Pantry.Core" or "Pantry.Model"))];
        Assert.Empty(strangers);
    }

    private static void MakeStranger(string directory, string name)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName(name) { Version = new Version(1, 0, 0, 0) }, typeof(object).Assembly);
        assembly.DefineDynamicModule(name).DefineType($"{name}.Stranger", TypeAttributes.Public).CreateType();
        assembly.Save(Path.Combine(directory, name + ".dll"));
    }
}
