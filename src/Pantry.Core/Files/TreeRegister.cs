using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>Which trees a store has, and why: a file for each reason, so that it survives a kill at any moment. A tree that has no reason any more may go.</summary>
internal sealed class TreeRegister
{
    private const long MaxBytes = 16 * 1024;

    private readonly string _folder;
    private readonly ConcurrentDictionary<string, TreeReason> _reasons = new(StringComparer.Ordinal);

    private TreeRegister(string folder) => _folder = folder;

    public ICollection<TreeReason> All => _reasons.Values;

    /// <summary>Opens the register; a file in it that cannot be read is left out, and said.</summary>
    /// <exception cref="PantryException">The directory cannot be used.</exception>
    public static TreeRegister Open(string folder, Action<string> damaged)
    {
        var register = new TreeRegister(OwnerOnly.EnsureDirectory(folder));
        foreach (string path in Directory.EnumerateFiles(folder, "*.json"))
        {
            if (SecurityJson.TryRead(File.ReadAllBytes(path), TreeRegisterJson.Default.TreeReason, MaxBytes) is { } reason && reason.IsWhole)
                register._reasons[Path.GetFileNameWithoutExtension(path)] = reason;
            else
                damaged(path);
        }

        return register;
    }

    /// <summary>Writes a reason down; the same again counts from now.</summary>
    /// <exception cref="PantryException">The disk is full or failed.</exception>
    public void Add(TreeReason reason)
    {
        string path = Path.Combine(_folder, $"{reason.Key}.json");
        try
        {
            PrivateFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(reason, TreeRegisterJson.Default.TreeReason));
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(path, exception);
        }

        _reasons[reason.Key] = reason;
    }

    /// <summary>Whether a job's targets have offered the tree.</summary>
    public bool WasOffered(ContentHash tree, string job) => All.Any(reason => reason.Job == job && reason.Tree == tree.ToString());

    /// <summary>Takes back what is older, unless something still wants it.</summary>
    public int Forget(DateTimeOffset before, Func<TreeReason, bool> isWanted)
    {
        int count = 0;
        foreach ((string key, TreeReason reason) in _reasons)
        {
            if (reason.At >= before || isWanted(reason) || !_reasons.TryRemove(key, out _))
                continue;
            File.Delete(Path.Combine(_folder, $"{key}.json"));
            count++;
        }

        return count;
    }
}

/// <summary>Why a tree is kept.</summary>
/// <param name="Tree">Digest of its manifest.</param>
/// <param name="Job">The job whose target offered it; null for what an operator sent.</param>
/// <param name="By">The client or operator that it came from.</param>
/// <param name="At">When.</param>
internal sealed record TreeReason(string Tree, string? Job, string By, DateTimeOffset At)
{
    [JsonIgnore]
    public string Key => $"{Tree[..32]}-{ContentHash.Of(System.Text.Encoding.UTF8.GetBytes($"{Job}\0{By}")).ToString()[..32]}";

    [JsonIgnore]
    public bool IsWhole => ContentHash.TryParse(Tree, out _);

    [JsonIgnore]
    public ContentHash Digest => ContentHash.TryParse(Tree, out ContentHash digest) ? digest : default;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 2)]
[JsonSerializable(typeof(TreeReason))]
internal sealed partial class TreeRegisterJson : JsonSerializerContext;
