using System.Text.RegularExpressions;

namespace Pantry.Tests.Architecture;

/// <summary>Dependencies point one way; read from the sources, as a newcomer would.</summary>
public sealed partial class DependencyTests
{
    private static readonly string Sources = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "src"));

    [Theory]
    [InlineData("Pantry.Model", "")]
    [InlineData("Pantry.Core/Targeting", "")]
    [InlineData("Pantry.Core/Protocol", "Targeting")]
    [InlineData("Pantry.Core/Security", "Protocol Targeting")]
    [InlineData("Pantry.Core/Storage", "Configuration Protocol Provisioning Security Targeting")]
    [InlineData("Pantry.Core/Differences", "")]
    [InlineData("Pantry.Core/Provisioning/Packages", "Security Targeting")]
    [InlineData("Pantry.Core/Provisioning/Packages/Metadata", "Configuration Security Targeting")]
    [InlineData("Pantry.Core/Provisioning/Applications", "Configuration Targeting")]
    [InlineData("Pantry.Core/Provisioning/Resolution", "Targeting")]
    [InlineData("Pantry.Core/Files", "Configuration Protocol Security Storage Targeting")]
    [InlineData("Pantry.Core/Configuration", "Protocol Security Targeting Transport")]
    [InlineData("Pantry.Core/Configuration/Settings", "Protocol Security Targeting Transport")]
    [InlineData("Pantry.Core/Logging", "Configuration")]
    [InlineData("Pantry.Core/Transport", "Configuration Protocol Transport")]
    [InlineData("Pantry.Core/Transport/Gates", "Transport")]
    [InlineData("Pantry.Core/Sessions", "Configuration Protocol Security Transport")]
    [InlineData("Pantry.Core/Sessions/Curve", "Security")]
    [InlineData("Pantry.Core/Commands", "Configuration Files Protocol Targeting")]
    [InlineData("Pantry.Core/Transfers", "Configuration Files Protocol Security Sessions Transport")]
    [InlineData("Pantry.Core/Operators", "Configuration Files Protocol Provisioning Security Sessions Targeting Transfers Transport")]
    [InlineData("Pantry.Core/Provisioning/Cache", "Configuration Files Security Storage Targeting")]
    [InlineData("Pantry.Core/Provisioning/Reports", "Commands Configuration Protocol Targeting")]
    [InlineData("Pantry.Core/Provisioning/Provisioners", "Commands Configuration Protocol Security Storage Targeting")]
    [InlineData("Pantry.Core/Provisioning/Provisioners/BuiltIn", "Configuration Security")]
    [InlineData("Pantry.Core/Provisioning/Provisioners/Definitions", "Commands Configuration")]
    [InlineData("Pantry.Core/Client", "Commands Configuration Files Protocol Provisioning Security Sessions Storage Targeting Transfers Transport")]
    [InlineData("Pantry.Core/Server", "Configuration Files Operators Protocol Provisioning Security Sessions Storage Targeting Transfers Transport")]
    [InlineData("Pantry.Core/Server/Provisioning", "Configuration Files Operators Protocol Provisioning Security Server Storage Targeting")]
    public void A_folder_uses_only_what_lies_below_it(string folder, string allowed)
    {
        string own = folder.Contains('/', StringComparison.Ordinal) ? folder.Split('/')[1] : "";
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Sources, folder), "*.cs", folder.EndsWith("Gates", StringComparison.Ordinal) ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly))
        {
            foreach (Match match in PantryUsing().Matches(File.ReadAllText(file)))
            {
                string used = match.Groups[1].Value;
                Assert.True(used == own || allowed.Split(' ').Contains(used), $"{file} uses Pantry.{used}, which {folder} may not.");
            }
        }
    }

    [Fact]
    public void Only_Transport_names_NetMQ_and_the_gate_does_not()
    {
        foreach (string file in CodeFiles().Where(file => NetMQUsing().IsMatch(File.ReadAllText(file))))
        {
            string relative = Path.GetRelativePath(Sources, file).Replace('\\', '/');
            Assert.StartsWith("Pantry.Core/Transport/", relative, StringComparison.Ordinal);
            Assert.DoesNotContain("/Gates/", relative, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Only_Storage_names_SQLite() => Assert.All(
        CodeFiles().Where(file => SqliteName().IsMatch(File.ReadAllText(file))),
        file => Assert.StartsWith("Pantry.Core/Storage/", Path.GetRelativePath(Sources, file).Replace('\\', '/'), StringComparison.Ordinal));

    [Fact]
    public void Only_Provisioning_names_Semver_and_only_Differences_names_DiffPlex() => Assert.All(CodeFiles(), file =>
    {
        string relative = Path.GetRelativePath(Sources, file).Replace('\\', '/'), text = File.ReadAllText(file);
        Assert.True(!text.Contains("using Semver", StringComparison.Ordinal) || relative.StartsWith("Pantry.Core/Provisioning/", StringComparison.Ordinal), relative);
        Assert.True(!text.Contains("using DiffPlex", StringComparison.Ordinal) || relative.StartsWith("Pantry.Core/Differences/", StringComparison.Ordinal), relative);
    });

    [Fact]
    public void Core_and_Model_know_nothing_of_PowerShells_engine() => Assert.All(
        CodeFiles().Where(file => !file.Contains("Pantry.PowerShell", StringComparison.Ordinal)),
        file => Assert.DoesNotContain("using System.Management.Automation", File.ReadAllText(file), StringComparison.Ordinal));

    [Fact]
    public void Nothing_references_the_module_or_the_executable_but_what_packs_them() => Assert.All(
        Directory.EnumerateFiles(Sources, "*.csproj", SearchOption.AllDirectories).Where(file => !file.EndsWith("Pantry.Packaging.csproj", StringComparison.Ordinal)),
        file => Assert.DoesNotMatch(@"ProjectReference.*Pantry\.(PowerShell|Daemon)\.csproj", File.ReadAllText(file)));

    [Fact]
    public void NetMQs_process_wide_cleanup_is_never_called_and_nothing_is_written_to_the_console() => Assert.All(CodeFiles(), file =>
    {
        string text = File.ReadAllText(file);
        Assert.DoesNotContain("NetMQConfig.Cleanup", text, StringComparison.Ordinal);
        // The script that runs in a PowerShell child answers on its own console, and tools of the build on theirs.
        if (!file.EndsWith("ScriptHostSource.cs", StringComparison.Ordinal) && !BuildTools.Any(tool => file.Contains(tool, StringComparison.Ordinal)))
            Assert.DoesNotMatch(@"\bConsole\.(Write|Out|Error)", text);
    });

    private static readonly string[] BuildTools = ["Pantry.Help", "Pantry.Packaging"];

    private static IEnumerable<string> CodeFiles() => Directory.EnumerateFiles(Sources, "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [GeneratedRegex(@"^using Pantry\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex PantryUsing();

    [GeneratedRegex(@"^using NetMQ", RegexOptions.Multiline)]
    private static partial Regex NetMQUsing();

    [GeneratedRegex(@"Microsoft\.Data\.Sqlite|SQLitePCL")]
    private static partial Regex SqliteName();
}
