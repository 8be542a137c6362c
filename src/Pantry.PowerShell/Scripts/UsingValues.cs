using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;
using System.Text.RegularExpressions;

namespace Pantry.PowerShell.Scripts;

/// <summary>Values of the $using: expressions of a script block, taken from the caller's scope.</summary>
internal static partial class UsingValues
{
    public static Hashtable Collect(ScriptBlock script, SessionState caller)
    {
        var values = new Hashtable(StringComparer.Ordinal);
        foreach (UsingExpressionAst expression in script.Ast.FindAll(ast => ast is UsingExpressionAst, searchNestedScriptBlocks: true).Cast<UsingExpressionAst>())
        {
            string key = Key(expression);
            if (!values.ContainsKey(key) && Evaluate(expression, script.Ast, caller, out object? value))
                values[key] = value;
        }

        return values;
    }

    // The key that the engine looks a value up by, the same as for its own remoting.
    private static string Key(UsingExpressionAst expression)
    {
        string text = expression.ToString();
        return Convert.ToBase64String(Encoding.Unicode.GetBytes(expression.SubExpression is VariableExpressionAst ? text.ToLowerInvariant() : text));
    }

    private static bool Evaluate(UsingExpressionAst expression, Ast script, SessionState caller, out object? value)
    {
        VariableExpressionAst variable = expression.FindAll(ast => ast is VariableExpressionAst, searchNestedScriptBlocks: false).Cast<VariableExpressionAst>().First();
        string name = Prefix().Replace(variable.VariablePath.UserPath, "");
        if (caller.PSVariable.Get(name) is not { } found)
        {
            value = null;

            // One inside a nested script block may mean a variable of the script around it.
            if (IsNested(expression, script))
                return false;
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"{expression} has no value: there is no variable '{name}' in this session. Set it before Send-PantryCommand.")
            { Target = name };
        }

        value = expression.SubExpression is VariableExpressionAst
            ? found.Value
            : Unroll(caller.InvokeCommand.InvokeScript(false, ScriptBlock.Create(Prefix().Replace(expression.ToString(), "")), null));
        return true;
    }

    private static object? Unroll(System.Collections.ObjectModel.Collection<PSObject> results) => results.Count switch
    {
        0 => null,
        1 => results[0],
        _ => results.ToArray(),
    };

    private static bool IsNested(Ast expression, Ast script)
    {
        for (Ast? parent = expression.Parent; parent is not null && parent != script; parent = parent.Parent)
        {
            if (parent is ScriptBlockExpressionAst)
                return true;
        }

        return false;
    }

    [GeneratedRegex(@"(?<=^|\$|\{)using:", RegexOptions.IgnoreCase)]
    private static partial Regex Prefix();
}
